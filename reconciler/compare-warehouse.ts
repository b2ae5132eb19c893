import type { BooksComparing } from "#adapters/books/comparing.ts";
import type { WarehouseBalances } from "#adapters/warehouse/warehouse-balances.ts";
import type { LeftOut, WarehouseCompared } from "#core/proof/archive-proof.ts";
import type { Finding } from "#core/proof/finding.ts";
import { checkSameBalances } from "#core/proof/ledgers.ts";

export interface WarehouseComparing {
  readonly books: Pick<BooksComparing, "movedBetween" | "comparedUntil">;
  readonly warehouse: Pick<WarehouseBalances, "loadedUntil" | "movedBetween">;
}

const dayMs = 86_400_000;
/** What was recorded on a day is on the stream by so many milliseconds after its end. */
const onItsWayMsMax = 10 * 60_000;
/** Days that one night compares: what is older is `ops prove --books --warehouse`'s to see. */
const daysMax = 31;

/**
 * Holds what was recorded since the last day that was the same in both, account by account, up to the last day that the
 * warehouse has taken over to its end.
 */
export async function compareWarehouse(
  port: WarehouseComparing | undefined,
): Promise<{ readonly half: WarehouseCompared | LeftOut; readonly findings: readonly Finding[] }> {
  const leftOut = (why: string) => ({ half: { left_out: why }, findings: [] });
  if (port === undefined) return leftOut("this stage has no warehouse");
  const { books, warehouse } = port;
  const loadedUntil = await warehouse.loadedUntil();
  if (loadedUntil === undefined) return leftOut("it was never loaded");
  const until = Math.floor((loadedUntil - onItsWayMsMax) / dayMs) * dayMs;
  const comparedUntil = await books.comparedUntil();
  const since = Math.max(
    comparedUntil === undefined ? until - dayMs : Date.parse(comparedUntil),
    until - daysMax * dayMs,
  );
  if (since >= until) return leftOut(`no day has come to its end in it since ${dayOf(since)}`);
  const [ours, theirs] = [await books.movedBetween(since, until), await warehouse.movedBetween(since, until)];
  const findings = checkSameBalances("the warehouse", ours, theirs, "the books have");
  const accounts = new Set(
    [...ours, ...theirs].map(({ book, account, currency }) => `${book} ${account} ${currency}`),
  );
  const days = { since: dayOf(since), until: dayOf(until) };
  return {
    half: { ...days, accounts: accounts.size, differ: findings.length },
    findings: findings.map(({ what, ...rest }) => ({
      ...rest,
      what: `${what}, of what was recorded from ${days.since} to before ${days.until}`,
    })),
  };
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
