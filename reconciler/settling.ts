import type { Claim, Covered, SettlementEntries } from "#adapters/books/settlement-entries.ts";
import { type SettlementStore, settledTogetherMax } from "#adapters/dynamodb/settlement-store.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Change } from "#core/payments/ports.ts";
import { settlementOf } from "#core/payments/settlement.ts";

/** What one round did. */
export interface SettlingOutcome {
  /** Entries that the ledger has now. */
  readonly posted: number;
  /** Payments that are settled now. */
  readonly settled: number;
  /** Payments that are paid out, and wait for a refund's end or for money that would be owed. */
  readonly waiting: number;
}

export interface SettlingPorts {
  readonly entries: Pick<
    SettlementEntries,
    "draft" | "unposted" | "posted" | "postedSince" | "claim" | "released"
  >;
  readonly ledger: Pick<SettlementStore, "post" | "find" | "settle">;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds after which payments that somebody took and did not settle are taken again. */
  readonly leaseMs: number;
}

/** What one round does at most: what is left, the next one finds. */
const draftsMax = 1_000;
const claimsMax = 5_000;
const entriesAtOnce = 100;
/** Milliseconds. What a region had been told this long before it was lost may not have come to the next one. */
const unsureMs = 24 * 3_600_000;

/**
 * Tells the ledger what settlement came to: entries for what acquirers paid, for what is in question and what was decided;
 * and payments whose captures have come are settled. Whatever of it was done already changes nothing.
 * @throws what the stores answer; the next round goes on where this one ended.
 */
export async function settleRound(
  ports: SettlingPorts,
  mayGoOn: () => boolean = () => true,
): Promise<SettlingOutcome> {
  const { entries, now } = ports;
  for (let round = 0; round < draftsMax && mayGoOn(); round += 1)
    if (!(await entries.draft(new Date(now())))) break;
  const posted = await postDrafted(ports, mayGoOn);
  let [settled, waiting] = [0, 0];
  for (let round = 0; round < claimsMax && mayGoOn(); round += 1) {
    const claim = await entries.claim(settledTogetherMax, new Date(now()), ports.leaseMs);
    if (claim === undefined) break;
    const done = await settleClaim(ports, claim);
    settled += done;
    waiting += claim.covered.length - done;
  }
  return { posted, settled, waiting };
}

async function postDrafted({ entries, ledger, now }: SettlingPorts, mayGoOn: () => boolean): Promise<number> {
  let posted = 0;
  for (let round = 0; round < draftsMax && mayGoOn(); round += 1) {
    const drafted = await entries.unposted(entriesAtOnce);
    for (const each of drafted) {
      await ledger.post(each.entry);
      await entries.posted(each, new Date(now()));
    }
    posted += drafted.length;
    if (drafted.length < entriesAtOnce) break;
  }
  return posted;
}

/** Posts once more what the ledger may have lost with a region. What it has changes nothing. */
export async function postAgain({ entries, ledger, now }: SettlingPorts): Promise<number> {
  const drafted = await entries.postedSince(new Date(now() - unsureMs));
  for (const { entry } of drafted) await ledger.post(entry);
  return drafted.length;
}

/** @returns how many are settled, by us or by whoever was here before */
async function settleClaim({ entries, ledger, now }: SettlingPorts, claim: Claim): Promise<number> {
  const found = await ledger.find(
    claim.book,
    claim.covered.map(({ payment }) => payment),
  );
  const recorder = { now: now(), execution: "reconciler" };
  const changes = found
    .flatMap((payment): readonly Change[] => {
      const settlement = settlementOf(payment, recorder);
      return settlement.ok ? [settlement.value] : [];
    })
    // What makes money available goes before what takes some: it may be all that there is.
    .toSorted((a, b) => compare(releasedOf(b.after), releasedOf(a.after)));
  const committed = await ledger.settle(changes);
  const after = [
    ...found,
    ...committed.flatMap((each) => {
      if (each.kind === "refused") return [];
      return [each.kind === "applied" ? each.payment : each.current];
    }),
  ];
  const settled = new Set(after.filter(({ state }) => state === "settled").map(({ id }) => id));
  const done: readonly Covered[] = claim.covered.filter(({ payment }) => settled.has(payment));
  await entries.released(done, new Date(now()));
  return done.length;
}

const releasedOf = (payment: Payment): bigint => (payment.state === "settled" ? payment.released : 0n);
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : Number(a > b));
