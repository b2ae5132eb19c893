import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { Books } from "#adapters/books/books.ts";
import { BooksProofs } from "#adapters/books/proofs.ts";
import { StoredTables, storedTables } from "#adapters/dynamodb/stored-tables.ts";
import { DataApi } from "#adapters/warehouse/data-api.ts";
import { WarehouseBalances } from "#adapters/warehouse/warehouse-balances.ts";
import { imbalancesIn } from "#core/proof/archive-proof.ts";
import { type Finding, found } from "#core/proof/finding.ts";
import { balancesOf, checkSameBalances, type NetBalance, upTo } from "#core/proof/ledgers.ts";
import type { Proof } from "#core/proof/proof.ts";
import { withBooks } from "./books-pool.ts";
import type { StoreConnection } from "./connection.ts";
import { Progress } from "./progress.ts";
import { linesOf } from "./prove.ts";
import { clientOf } from "./stage-client.ts";
import { load } from "./warehouse/loader.ts";

/** What was recorded in the last milliseconds may still be on its way into a table. */
const settledMs = 10_000;
/** The books are behind by as long as Firehose waits, and a file is read. */
const behindMsMax = 15 * 60_000;
const lookMs = 1_000;
const beginning = "1970-01-01";

/** What the ledger says at one moment. */
interface Ledger {
  readonly moment: Date;
  readonly records: number;
  readonly balances: readonly NetBalance[];
}

/**
 * Holds the ledger's journal against the books, account by account, at one moment; and against the warehouse, where that is
 * asked for. Line by line to `tell`.
 * @param url of the books
 * @returns whether nothing was wrong
 */
export async function proveBooks(
  connection: StoreConnection,
  url: string,
  { warehouse }: { readonly warehouse: boolean },
  tell: (line: string) => void,
): Promise<boolean> {
  const ledger = await readLedger(connection);
  await connection.deliverNow?.();
  const inBooks = await withBooks(url, async (pool) => {
    const books = new Books(pool);
    const missing = await lackOf(books, ledger, tell);
    return [
      proof("the books have each record of the journal", ledger.records, missing),
      ...(await booksProofs(books, new BooksProofs(pool), ledger)),
    ];
  });
  const proofs = [...inBooks, ...(warehouse ? [await warehouseProof(connection, ledger)] : [])];
  tell(`Ledger, books${warehouse ? " and warehouse" : ""} as of ${ledger.moment.toISOString()}`);
  for (const each of proofs) for (const line of linesOf(each)) tell(line);
  const count = proofs.reduce((sum, { findings }) => sum + findings.length, 0);
  tell(count === 0 ? "\nnothing is wrong" : `\n${count} findings`);
  return count === 0;
}

const proof = (claim: string, checked: number, findings: readonly Finding[]): Proof => ({
  ...{ numbers: "3", claim, checked, findings },
});

async function readLedger({ client, tablePrefix }: StoreConnection): Promise<Ledger> {
  const dynamoDb = new DynamoDBClient(client);
  const moment = new Date(Date.now() - settledMs);
  try {
    const progress = new Progress("tables", storedTables.length);
    const { books } = await new StoredTables(dynamoDb, tablePrefix).read(() => progress.step());
    const known = books.map(({ book, journal }) => ({ book, journal: upTo(journal, moment.getTime()) }));
    return {
      moment,
      records: known.reduce((sum, { journal }) => sum + journal.length, 0),
      balances: known.flatMap(({ book, journal }) => balancesOf(book, journal)),
    };
  } finally {
    dynamoDb.destroy();
  }
}

/** What the books lack of the ledger, or have beyond it, once they have had their time to come. */
async function lackOf(
  books: Books,
  { moment, records }: Ledger,
  tell: (line: string) => void,
): Promise<readonly Finding[]> {
  const until = Date.now() + behindMsMax;
  let isTold = false;
  for (;;) {
    const has = await books.recordsUpTo(moment);
    const lacks = records - has.records;
    if (lacks === 0) return [];
    if (lacks < 0) return [found("records", "the books", `have ${-lacks} records that the ledger has not`)];
    const what = `lack ${lacks} of ${records} records${has.parked === 0 ? "" : `, and ${has.parked} are parked`}`;
    if (lacks <= has.parked || Date.now() > until) return [found("records", "the books", what)];
    if (!isTold) tell(`the books ${what}: waiting for them`);
    isTold = true;
    await sleep(lookMs);
  }
}

async function booksProofs(books: Books, proofs: BooksProofs, ledger: Ledger): Promise<readonly Proof[]> {
  const balances = await books.balancesUpTo(ledger.moment);
  const same = checkSameBalances("the books", ledger.balances, balances);
  const totals = await proofs.totals();
  const unfolded = await proofs.unfolded(beginning);
  const uncounted = await proofs.uncounted(beginning);
  const inBooks = (what: string): Finding => found("books", "the books", what);
  return [
    proof("each account is the same in the books", ledger.balances.length, same),
    proof("each day in the books is its postings' sum", balances.length, unfolded.map(inBooks)),
    proof("each day in the books counts its records", ledger.records, uncounted.map(inBooks)),
    { ...proof("the books balance", totals.length, imbalancesIn(totals).map(inBooks)), numbers: "2" },
  ];
}

async function warehouseProof(connection: StoreConnection, ledger: Ledger): Promise<Proof> {
  const { tablePrefix } = connection;
  const [lambda, redshift] = [
    new LambdaClient(clientOf(connection)),
    new RedshiftDataClient(clientOf(connection)),
  ];
  try {
    await load(lambda, tablePrefix);
    const api = new DataApi(redshift, { workgroup: `${tablePrefix}warehouse`, database: "warehouse" });
    const balances = await new WarehouseBalances(api).movedBetween(0, ledger.moment.getTime() + 1);
    const claim = "each account is the same in the warehouse";
    return proof(claim, balances.length, checkSameBalances("the warehouse", ledger.balances, balances));
  } finally {
    lambda.destroy();
    redshift.destroy();
  }
}
