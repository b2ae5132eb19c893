import { invariant } from "#core/kernel/invariant.ts";
import type { Side } from "#core/ledger/account.ts";
import { chartLine } from "#core/ledger/chart.ts";
import type { Currency } from "#core/money/currency.ts";
import { balanceElement, decimalOf, type Element, rendered, signedAmount } from "./elements.ts";

/*
 * ISO 20022 camt.053.001.08, BankToCustomerStatement, of what a merchant has with us. Element order, and no more than 34
 * characters of an account's id and 35 of other ids, are the schema's.
 */

/** Whose statements these are, of which day. */
export interface StatementHead {
  readonly merchant: string;
  /** UTC: `2030-06-15`. */
  readonly day: string;
  readonly currency: Currency;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** A side of an account in a day. */
interface Moved {
  readonly entries: number;
  /** Minor units. */
  readonly sum: bigint;
}

/** What an account was in a day. Credits are the merchant's money. */
export interface AccountDay {
  /** Of the chart: 2110 is what may be paid out, 2100 what is not settled yet. */
  readonly code: string;
  /** Minor units; negative: the merchant owes it. */
  readonly opening: bigint;
  readonly credits: Moved;
  readonly debits: Moved;
}

/** A posting to an account. */
export interface AccountEntry {
  /** Of the record that posted it: `evt_…`. */
  readonly eventId: string;
  /** Of the journal: `je_pay_….capture.1`. */
  readonly entry: string;
  readonly side: Side;
  /** Minor units, not negative. */
  readonly amount: bigint;
  /** Codes of the chart on the other side of the entry. */
  readonly against: readonly string[];
}

const issuer = "Tallystick";

/**
 * One document with a statement for each account, in pieces, as the entries come.
 * @param accounts each with its entries; those of one are read to their end before the next one's
 * @throws InvariantViolation behind the entries that do not come to what their account moved: what was written is no
 * statement
 */
export async function* camt053Of(
  head: StatementHead,
  accounts: AsyncIterable<readonly [AccountDay, AsyncIterable<AccountEntry>]>,
): AsyncGenerator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
  <BkToCstmrStmt>
${rendered(groupHeader(head), 2)}`;
  for await (const [account, entries] of accounts) yield* statementOf(head, account, entries);
  yield "  </BkToCstmrStmt>\n</Document>\n";
}

const createdAt = (head: StatementHead): Element => ["CreDtTm", new Date(head.createdAt).toISOString()];

const groupHeader = (head: StatementHead): Element => [
  "GrpHdr",
  [["MsgId", `${head.day}-${head.currency}`], createdAt(head), ["MsgRcpt", [["Nm", head.merchant]]]],
];

export const closingOf = ({ opening, credits, debits }: AccountDay): bigint =>
  opening + credits.sum - debits.sum;

/** Whoever writes them writes so many at once. */
const pieceCharacters = 65_536;

async function* statementOf(
  head: StatementHead,
  account: AccountDay,
  entries: AsyncIterable<AccountEntry>,
): AsyncGenerator<string> {
  const { day, currency } = head;
  let piece = `    <Stmt>\n${statementHead(head, account)
    .map((element) => rendered(element, 3))
    .join("")}`;
  let [ordinal, moved] = [0, 0n];
  for await (const entry of entries) {
    ordinal += 1;
    moved += entry.side === "credit" ? entry.amount : -entry.amount;
    piece += rendered(entryOf(entry, ordinal, day, currency), 3);
    if (piece.length < pieceCharacters) continue;
    yield piece;
    piece = "";
  }
  const { credits, debits } = account;
  invariant(
    ordinal === credits.entries + debits.entries && moved === credits.sum - debits.sum,
    `the entries of ${head.merchant}'s ${account.code} in ${currency} on ${day} come to its balances`,
  );
  yield `${piece}    </Stmt>\n`;
}

const statementHead = (head: StatementHead, account: AccountDay): readonly Element[] => [
  ["Id", `${head.day}-${account.code}-${head.currency}`],
  createdAt(head),
  [
    "FrToDt",
    [
      ["FrDtTm", `${head.day}T00:00:00Z`],
      ["ToDtTm", `${head.day}T23:59:59Z`],
    ],
  ],
  [
    "Acct",
    [
      // With the merchant before it, as the ledger has it, it may be too long: whose it is stands behind it.
      ["Id", [["Othr", [["Id", `${account.code}:${head.currency}`]]]]],
      ["Ccy", head.currency],
      ["Nm", chartLine(Number(account.code))?.name ?? account.code],
      ["Ownr", [["Nm", head.merchant]]],
      ["Svcr", [["FinInstnId", [["Nm", issuer]]]]],
    ],
  ],
  balanceElement("OPBD", account.opening, head.day, head.currency),
  balanceElement("CLBD", closingOf(account), head.day, head.currency),
  [
    "TxsSummry",
    [
      totalOf("TtlCdtNtries", account.credits, head.currency),
      totalOf("TtlDbtNtries", account.debits, head.currency),
    ],
  ],
];

const totalOf = (name: string, { entries, sum }: Moved, currency: Currency): Element => [
  name,
  [
    ["NbOfNtries", `${entries}`],
    ["Sum", decimalOf(sum, currency)],
  ],
];

function entryOf(entry: AccountEntry, ordinal: number, day: string, currency: Currency): Element {
  const signed = signedAmount(entry.side === "credit" ? entry.amount : -entry.amount, currency);
  const { payment, kind } = nameOf(entry);
  return [
    "Ntry",
    [
      ["NtryRef", `${ordinal}`],
      ...signed,
      ["Sts", [["Cd", "BOOK"]]],
      ["BookgDt", [["Dt", day]]],
      ["ValDt", [["Dt", day]]],
      ["AcctSvcrRef", entry.eventId],
      codeElement(codeOf(entry, kind), kind),
      [
        "NtryDtls",
        [
          [
            "TxDtls",
            [
              [
                "Refs",
                [
                  ["AcctSvcrRef", entry.eventId],
                  ["EndToEndId", payment],
                ],
              ],
              ...signed,
            ],
          ],
        ],
      ],
      // An entry's id has more characters than the schema gives to any reference.
      ["AddtlNtryInf", entry.entry],
    ],
  ];
}

/** What ISO 20022 says where there is no id. */
const noPayment = "NOTPROVIDED";
const kindCharactersMax = 35;

function nameOf({ entry }: AccountEntry): { readonly payment: string; readonly kind: string } {
  const [, payment = noPayment, kind = ""] = /^je_(?:(pay_[0-9a-z]{26})\.)?([a-z_]*)/.exec(entry) ?? [];
  return { payment, kind: kind.slice(0, kindCharactersMax) || "entry" };
}

/** Domain, family and sub-family, of ISO 20022's external code sets (bank transaction codes). */
type Code = readonly [domain: string, family: string, subFamily: string];

/** By what is on the other side, as the chart's postings have it; what a saga calls it decides among cards alone. */
function codeOf({ side, against }: AccountEntry, kind: string): Code {
  const isCredit = side === "credit";
  const isAgainst = (...codes: readonly string[]): boolean => codes.some((code) => against.includes(code));
  if (isAgainst("1100")) return ["PMNT", "MCRD", cardCode(isCredit, kind)];
  // From what is pending to what is available, or to what is kept in reserve.
  if (isAgainst("2100", "2110", "2120")) return ["PMNT", isCredit ? "RCDT" : "ICDT", "BOOK"];
  // A payout, or one that came back.
  if (isAgainst("1000", "2200")) return ["PMNT", isCredit ? "RCDT" : "ICDT", "OTHR"];
  return ["ACMT", isCredit ? "MCOP" : "MDOP", "OTHR"];
}

/** A payment by card, its refund; and what the cardholder's bank takes back, or gives back. */
function cardCode(isCredit: boolean, kind: string): string {
  if (kind === "capture" || kind === "refunded") return isCredit ? "POSC" : "DAJT";
  return isCredit ? "CAJT" : "UPCT";
}

const codeElement = ([domain, family, subFamily]: Code, kind: string): Element => [
  "BkTxCd",
  [
    [
      "Domn",
      [
        ["Cd", domain],
        [
          "Fmly",
          [
            ["Cd", family],
            ["SubFmlyCd", subFamily],
          ],
        ],
      ],
    ],
    [
      "Prtry",
      [
        ["Cd", kind],
        ["Issr", issuer],
      ],
    ],
  ],
];
