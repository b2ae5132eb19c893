import { classOf } from "../ledger/account.ts";
import { entryIdOf, type JournalRecord, movements } from "../ledger/journal.ts";
import { foldOn, nothingFolded, type ShardFold } from "../ledger/shard-fold.ts";
import { type Finding, found } from "./finding.ts";
import type { AccountNote, StoredShard } from "./stored.ts";

/**
 * Invariant 3, of unguarded accounts: what the folder keeps is the fold of its shard of the journal. A fold that has
 * not counted every record yet can only be held to its own balance: where each record lies in the stream is in the
 * stream alone, and that forgets. Whoever wants the whole proof looks again when the folder has caught up.
 */
export function checkFold({ name, journal, fold = nothingFolded }: StoredShard): Finding[] {
  const wrong = (what: string) => found("folds", name, what);
  if (fold.records > journal.length)
    return [wrong(`${fold.records} records are counted, and the journal has ${journal.length}`)];
  const findings = balanceFindings(fold).map(wrong);
  const behind = journal.length - fold.records;
  if (behind > 0) return [...findings, wrong(`${behind} of ${journal.length} records are not counted yet`)];
  const sequenced = journal.map((record, index) => ({ sequence: String(index + 1), record }));
  const expected = foldOn(nothingFolded, sequenced).lines;
  for (const line of new Set([...expected.keys(), ...fold.lines.keys()])) {
    const [kept, counted] = [textOf(fold, line), textOf({ lines: expected }, line)];
    if (kept !== counted) findings.push(wrong(`${line} is ${kept}, the journal says ${counted}`));
  }
  return findings;
}

function balanceFindings({ lines }: ShardFold): string[] {
  const sums = new Map<string, bigint>();
  for (const { currency, ...counters } of lines.values()) {
    const posted = counters.debitsPosted - counters.creditsPosted;
    const pending = counters.debitsPending - counters.creditsPending;
    sums.set(`posted ${currency}`, (sums.get(`posted ${currency}`) ?? 0n) + posted);
    sums.set(`pending ${currency}`, (sums.get(`pending ${currency}`) ?? 0n) + pending);
  }
  return [...sums].filter(([, sum]) => sum !== 0n).map(([key, sum]) => `${key} is off balance by ${sum}`);
}

/** Debits posted and pending, credits posted and pending. */
function textOf({ lines }: Pick<ShardFold, "lines">, line: Parameters<typeof lines.get>[0]): string {
  const counters = lines.get(line);
  if (counters === undefined) return "nothing";
  const { debitsPosted, debitsPending, creditsPosted, creditsPending } = counters;
  return `${debitsPosted}+${debitsPending} / ${creditsPosted}+${creditsPending}`;
}

/** What moved one of the merchant's own accounts is in the account's list, and nothing else is. */
export function checkAccountNotes(
  journal: readonly JournalRecord[],
  notes: readonly AccountNote[],
): Finding[] {
  const nameOf = (account: string, record: string) => `${account} ${record}`;
  const listed = new Set(notes.map(({ account, record }) => nameOf(account, record)));
  const findings: Finding[] = [];
  for (const record of journal) {
    const place = record.type === "resolution" ? `${entryIdOf(record)}#resolution` : entryIdOf(record);
    for (const account of movements(record).keys()) {
      if (classOf(account) !== "user" || listed.delete(nameOf(account, place))) continue;
      findings.push(found("account_entries", account, `does not list ${place}`));
    }
  }
  for (const name of listed) {
    const [account = "", record = ""] = name.split(" ");
    findings.push(found("account_entries", account, `lists ${record}, which did not move it`));
  }
  return findings;
}
