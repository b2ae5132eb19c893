import { type Lake, lakeReports } from "#adapters/lake/lake.ts";
import type { DataApi } from "#adapters/warehouse/data-api.ts";
import { reports, type Warehouse } from "#adapters/warehouse/warehouse.ts";
import { differenceBetween } from "#cli/report/compare.ts";
import { isOfLedger, type StreamedEvent } from "#core/events/streamed.ts";
import { addCounters, type Counters, noCounters } from "#core/ledger/account.ts";
import { type JournalRecord, movements } from "#core/ledger/journal.ts";
import type { Endpoints } from "#local/endpoints.ts";

/** All that there may be. */
export const between = { since: "2020-01-01", until: "2100-01-01" };

/** The warehouse and the lake of a running system, which are to say the same. */
export class BothEngines {
  readonly #warehouse: Warehouse;
  readonly #lake: Lake;
  readonly #endpoints: Pick<Endpoints, "aws">;

  constructor(warehouse: Warehouse, lake: Lake, endpoints: Pick<Endpoints, "aws">) {
    this.#warehouse = warehouse;
    this.#lake = lake;
    this.#endpoints = endpoints;
  }

  /** Brings what is on the stream into archive and lake, as AWS does within minutes. */
  async deliver(): Promise<void> {
    const answer = await fetch(`${this.#endpoints.aws.endpoint}/_deliver`, { method: "POST" });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** Where they differ, by the names of reports; undefined where they do not. */
  async differences(): Promise<Readonly<Record<string, string | undefined>>> {
    await this.#warehouse.load();
    await this.deliver();
    const found: Record<string, string | undefined> = {};
    for (const { name, sql } of reports()) {
      const { sql: lakeSql = "", within = new Map() } = lakeReports().get(name) ?? {};
      const warehouse = await this.#warehouse.ask(sql, between);
      found[name] = differenceBetween({ warehouse, lake: await this.#lake.ask(lakeSql, between) }, within);
    }
    return found;
  }

  /** All reports, by the lake. */
  async ofLake(): Promise<readonly unknown[]> {
    const tables = [];
    for (const [, { sql }] of lakeReports()) tables.push((await this.#lake.ask(sql, between)).rows);
    return tables;
  }
}

/** Balances by the journal as it is stored, by merchant and account: debits positive, as text. */
export function balancesOf(
  records: readonly JournalRecord[],
): ReadonlyMap<string, readonly [posted: string, held: string]> {
  const counters = new Map<string, Counters>();
  for (const record of records)
    for (const [account, moved] of movements(record)) {
      const key = `${record.type === "resolution" ? record.resolution.book : record.entry.book} ${account}`;
      counters.set(key, addCounters(counters.get(key) ?? noCounters, moved));
    }
  return new Map(
    [...counters].map(([key, is]) => [
      key,
      [`${is.debitsPosted - is.creditsPosted}`, `${is.debitsPending - is.creditsPending}`],
    ]),
  );
}

/** Each account of each merchant as the warehouse has it, in the words of {@link balancesOf}. */
export async function storedBalances(
  warehouse: Warehouse,
): Promise<ReadonlyMap<string, readonly [string, string]>> {
  const { rows } = await warehouse.ask("SELECT merchant, account, balance, held FROM finance.balances");
  return new Map(
    rows.map(([merchant, account, balance, held]) => [`${merchant} ${account}`, [`${balance}`, `${held}`]]),
  );
}

/** Everything that finance reads, in an order that does not depend on that of the stream. */
export async function answersOf(warehouse: Warehouse): Promise<readonly unknown[]> {
  const asked = [
    "SELECT * FROM finance.payments ORDER BY payment",
    "SELECT * FROM finance.payment_events ORDER BY event_id",
    "SELECT event_id, part, place, account, moved, held FROM finance.entries ORDER BY event_id, part, place",
    "SELECT * FROM finance.refunds ORDER BY payment",
    "SELECT * FROM finance.fees ORDER BY entry",
  ];
  const tables = [];
  for (const sql of asked) tables.push((await warehouse.ask(sql)).rows);
  return tables;
}

/** Makes the warehouse one that has never been filled. */
export async function forget(api: DataApi): Promise<void> {
  for (const sql of [
    "DROP SCHEMA landing CASCADE",
    "DROP SCHEMA finance CASCADE",
    "DROP TABLE public.migrations",
    "DROP TABLE public.ingestion_places",
  ])
    await api.execute(sql);
}

/** What the legs of records that were told come to, by account and side. */
export function legsSummed(events: readonly StreamedEvent[]): ReadonlyMap<string, number> {
  const summed = new Map<string, number>();
  for (const { account, side, amount } of events
    .filter(isOfLedger)
    .flatMap(({ record }) => record.legs ?? []))
    summed.set(`${account} ${side}`, (summed.get(`${account} ${side}`) ?? 0) + amount);
  return summed;
}
