import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { StoredTables, storedTables } from "#adapters/dynamodb/stored-tables.ts";
import { type Proof, proofsOf, trialBalances, type WholeStore } from "#core/proof/proof.ts";
import type { StoreConnection } from "./connection.ts";
import { Progress } from "./progress.ts";
import { table } from "./table.ts";

/** Findings of one invariant that are printed. */
const shownMax = 20;
/** What moved while it was read is looked at again: this often, with a pause. */
const readsMax = 10;
const pauseMs = 1_000;
/** What so many readings found in the same words is so. */
const sameReadings = 3;

/**
 * Reads every table and proves the invariants, line by line to `tell`. Reading is no snapshot, and events and balances
 * follow payments by a moment: what is found is looked for again, and only what stays is told.
 * @returns whether nothing was wrong
 */
export async function prove(connection: StoreConnection, tell: (line: string) => void): Promise<boolean> {
  const client = new DynamoDBClient(connection.client);
  try {
    const { whole, proofs } = await readUntilSure(new StoredTables(client, connection.tablePrefix), tell);
    for (const proof of proofs) for (const line of linesOf(proof)) tell(line);
    const balances = trialBalances(whole);
    tell("");
    tell(
      table(
        ["BOOK", "CURRENCY", "DEBITS", "CREDITS", "ACCOUNTS", ""],
        balances.map(({ book, currency, debits, credits, accounts, balanced }) => [
          book,
          currency,
          String(debits),
          String(credits),
          String(accounts),
          balanced ? "balanced" : "NOT BALANCED",
        ]),
      ),
    );
    const found = proofs.reduce((sum, { findings }) => sum + findings.length, 0);
    tell(found === 0 ? "\nnothing is wrong" : `\n${found} findings`);
    return found === 0;
  } finally {
    client.destroy();
  }
}

async function readUntilSure(
  tables: StoredTables,
  tell: (line: string) => void,
): Promise<{ readonly whole: WholeStore; readonly proofs: readonly Proof[] }> {
  let before: ReadonlySet<string> | undefined;
  let same = 1;
  for (let reading = 1; ; reading += 1) {
    const progress = new Progress("tables", storedTables.length);
    const whole = await tables.read(() => progress.step());
    const proofs = proofsOf(whole, Date.now());
    const now = namesOf(proofs);
    same = before !== undefined && isSame(before, now) ? same + 1 : 1;
    if (now.size === 0 || same >= sameReadings) return { whole, proofs };
    if (reading >= readsMax) return { whole, proofs: lasting(proofs, before ?? now) };
    if (reading === 1) tell("something is not as it must be, or still moves: reading again");
    before = now;
    await sleep(pauseMs);
  }
}

const nameOf = ({ invariant, subject, what }: Proof["findings"][number]): string =>
  JSON.stringify([invariant, subject, what]);
const namesOf = (proofs: readonly Proof[]): ReadonlySet<string> =>
  new Set(proofs.flatMap(({ findings }) => findings.map(nameOf)));

const isSame = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean =>
  one.size === other.size && [...one].every((name) => other.has(name));

/** What the reading before had found too. */
const lasting = (proofs: readonly Proof[], before: ReadonlySet<string>): readonly Proof[] =>
  proofs.map((proof) => ({
    ...proof,
    findings: proof.findings.filter((finding) => before.has(nameOf(finding))),
  }));

/** A line for an invariant, and one for each finding. */
export function linesOf({ numbers, claim, checked, findings }: Proof): string[] {
  const verdict = findings.length === 0 ? "OK" : `${findings.length} FOUND`;
  const rest = findings.length - shownMax;
  return [
    `${numbers.padEnd(4)} ${claim.padEnd(46)} ${String(checked).padStart(8)}  ${verdict}`,
    ...findings
      .slice(0, shownMax)
      .map(({ invariant, subject, what }) => `       ${invariant}: ${subject}: ${what}`),
    ...(rest > 0 ? [`       and ${rest} more`] : []),
  ];
}
