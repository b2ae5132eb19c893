import { code, company, estate, open, type Row } from "../row.ts";

const delivery = "tests/estate/backup-delivery.test.ts";
const card = "tests/integration/card-payments.test.ts";

/** Availability, confidentiality and processing integrity. Privacy is not claimed. */
export const moreRows: readonly Row[] = [
  estate(
    "A1.1",
    "Capacity is watched and managed, and can grow.",
    [
      "rule: table-scales",
      "rule: api-throttled",
      "test: tests/estate/wiring.test.ts › the HTTP API › is throttled",
      "test: tests/estate/alarms.test.ts › what is watched › is every function, by its errors and its time",
      "file: docs/cost.md",
    ],
    "forecasts; a limit per merchant",
  ),
  estate(
    "A1.2",
    "The environment, backups and the means of recovery are built, run and watched.",
    [
      "rule: table-backed-up",
      "rule: aurora-backed-up",
      "rule: backups-locked",
      `test: ${delivery} › production's backups › are copied to another region and to another account, for as long as they are kept`,
      "test: tests/contract/fence.test.ts › what a later epoch wrote, an earlier one does not write over: › a payment",
      "test: tests/estate/books-global.test.ts › the books of two regions › are one database, which is encrypted and which nobody deletes in passing",
      "rule: aurora-can-take-over",
    ],
    "a move to the second region was rehearsed by nobody yet",
  ),
  open(
    "A1.3",
    "Recovery is tested.",
    "tables are restored every week by AWS Backup; a move to another region is rehearsed by nobody yet: issue 5, item 7, and its rehearsal later",
    [
      `test: ${delivery} › production's backups › are restored each week, to know that they can be`,
      "test: tests/integration/kills.test.ts › what a kill interrupted stands where its last commit left it, for the recovery to inquire about",
    ],
  ),
  estate(
    "C1.1",
    "What is confidential is known, and protected as long as it is kept.",
    [
      `test: ${card} › no table and no log ever holds a card number or a code`,
      "test: tests/contract/vault.test.ts › what is stored › shows neither the number nor the name in any byte of any item",
      "test: tests/estate/analytics.test.ts › the lake › has each member of a payment, or leaves it out on purpose",
      "rule: bucket-encrypted",
      "rule: backup-vault-encrypted",
    ],
    "which data the company calls confidential, beside cards",
  ),
  open(
    "C1.2",
    "What is confidential is destroyed when its time is over.",
    "files, logs and events have their time, and what merchants wrote on payments is erased; card tokens and names of merchants' own accounts have none yet (docs/retention.md)",
    [
      "rule: bucket-forgets-in-time",
      "test: tests/estate/retention.test.ts › what is kept of people › is said of each store of the plan, and of nothing else",
      "test: tests/integration/redaction.test.ts › what people wrote on a payment › is kept while a legal hold stands, and then erased wherever it was told",
      "adr: 57",
    ],
  ),
  company(
    "PI1.1",
    "What is processed, and how well, is described to those who use it.",
    "the description for merchants; the API's answers are in decisions and the README",
    ["adr: 7", "adr: 26", "file: README.md"],
  ),
  code(
    "PI1.2",
    "What comes in is complete and right.",
    [
      "test: functions/api/http/strict-json.test.ts › any text at all is read as JSON.parse reads it, or refused for what only this reader minds",
      "test: tests/integration/refused-input.test.ts › refused requests leave the books and the list of payments as they were",
      `test: ${card} › an Idempotency-Key › used for another request is a 422, and the first answer stays`,
    ],
    "files of acquirers are not read yet: issue 7",
  ),
  code(
    "PI1.3",
    "Processing is complete, right, in time and authorized.",
    [
      "script: simulate",
      "script: ops",
      "file: docs/invariants.md",
      "test: tests/simulation/mutations.test.ts › a history notices what is missing, and nothing when it is there › without $without",
      "test: tests/integration/kills.test.ts › the books balance, record by record",
      "test: tests/integration/proof.test.ts › one stored item that was tampered with is named › and nothing is found when it is as it was",
    ],
    "agreement with acquirers' files and banks: issue 7",
  ),
  code(
    "PI1.4",
    "What goes out is complete, right and reaches who it is for.",
    [
      "test: tests/integration/kills.test.ts › every change that was committed is told, at least once and under one id, and is kept once",
      "test: tests/integration/events.test.ts › each change of a payment is an event › in the order of its sequence, without a gap, and shows the payment as it then was",
      `test: ${card} › an Idempotency-Key › replays the same answer, to the byte`,
    ],
    "webhooks, statements and reports: issues 6 and 7",
  ),
  estate("PI1.5", "What is stored stays complete and right, for as long as it must.", [
    "test: tests/estate/least-privilege.test.ts › money › moves guarded accounts where wallets, refunds and disputes do, and never edits the journal",
    "test: tests/estate/analytics.test.ts › the archive › is locked for ten years, root included, and deletes nothing before",
    "rule: table-kept",
    "rule: aurora-kept",
    "rule: locked-objects-stay",
    "test: tests/integration/proofs.test.ts › a line that was changed on disk is named, with what it says now, and the command ends with 1",
    "test: tests/estate/proofs.test.ts › the key that signs proofs › is used by the reconciler's pods alone, for one algorithm",
  ]),
];
