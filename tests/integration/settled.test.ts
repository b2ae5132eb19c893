import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Settlement } from "#adapters/books/settlement.ts";
import { SettlementEntries } from "#adapters/books/settlement-entries.ts";
import { showBank } from "#cli/bank.ts";
import { prove } from "#cli/prove.ts";
import { noteBreak, showBreak, showSuspense } from "#cli/settlement.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { eventually } from "#tests/support/eventually.ts";
import { impatient, inTwoPods } from "#tests/support/impatient.ts";
import { awsClient, startTestSystem, storeOf, type TestSystem } from "#tests/support/local-system.ts";
import { reconcilerPids } from "#tests/support/reconciler-process.ts";
import { Told } from "#tests/support/told.ts";

let system: TestSystem;
let told: Told;
let demo: ApiClient;
let pool: Pool;

beforeAll(async () => {
  system = await startTestSystem({ plan: inTwoPods(impatient(committedPlan())), pods: true });
  told = new Told(system.endpoints);
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  pool = new Pool({ connectionString: url() });
});
afterAll(async () => {
  told?.stop();
  await pool?.end();
  await system?.stop();
});

const url = (): string => system.endpoints.postgres ?? "";

async function paid(amount: number): Promise<string> {
  const { body } = await demo.payWithCard({ number: "4242424242424242" }, { amount });
  expect(body.state).toBe("captured");
  return body.id;
}

async function refund(payment: string, amount: number): Promise<void> {
  const { body } = await demo.send("POST", `/v1/payments/${payment}/refunds`, {
    body: { amount },
    headers: { "idempotency-key": newKey() },
  });
  expect(body.state).toBe("succeeded");
}

/** Everything that was told is in the books. */
async function booked(): Promise<void> {
  await eventually(async () => ((await told.findings()).length === 0 ? true : undefined));
  await system.deliver();
}

/** The acquirer closes this day at its desk, and leaves its files. */
async function close(): Promise<void> {
  const date = new Date().toISOString().slice(0, 10);
  const answer = await fetch(`${system.endpoints.acquirers[0]}/sandbox/settlements`, {
    method: "POST",
    body: JSON.stringify({ date }),
  });
  expect(answer.status).toBe(200);
}

const stateOf = async (payment: string): Promise<string> =>
  (await demo.get(`/v1/payments/${payment}`)).body.state;
const isSettled = (payment: string) =>
  eventually(async () => ((await stateOf(payment)) === "settled" ? true : undefined));
async function balance(): Promise<{ readonly pending: number; readonly available: number }> {
  const { body } = await demo.get("/v1/balances");
  return body.data.find(({ currency }: { readonly currency: string }) => currency === "USD");
}
const balances = (pending: number, available: number) =>
  eventually(async () => {
    const now = await balance();
    return now.pending === pending && now.available === available ? now : undefined;
  });

async function nothingIsWrong(): Promise<void> {
  await eventually(async () => ((await told.findings()).length === 0 ? true : undefined));
  const lines: string[] = [];
  const isRight = await prove(storeOf(system.endpoints), (line) => lines.push(line));
  expect(lines.filter((line) => line.includes("FOUND") || /^ {7}/.test(line))).toEqual([]);
  expect(isRight).toBe(true);
}

let first: string;

test("a payment that its acquirer pays out is settled, and what is left of it is the merchant's own", async () => {
  first = await paid(20_00);
  const second = await paid(30_00);
  await refund(second, 5_00);
  await booked();
  await close();
  await isSettled(first);
  await isSettled(second);
  // 2.9 % and 30 of each.
  await balances(0, 20_00 - 88 + 30_00 - 1_17 - 5_00);
  await booked();
  await nothingIsWrong();
});

/** What accounts of all books come to by the books, in USD: debits positive. */
async function bookedOn(code: string): Promise<bigint> {
  const { rows } = await pool.query(
    `SELECT coalesce(sum(debits - credits), 0)::text AS balance FROM books.days
     WHERE currency = 'USD' AND split_part(account, ':', 2) = $1`,
    [code],
  );
  return BigInt(rows[0].balance);
}

test("what the acquirer pays out arrives at the bank, and nothing of it is on its way any more", async () => {
  const date = new Date().toISOString().slice(0, 10);
  const net = await bookedOn("1050");
  expect(net).toBeGreaterThan(0n);
  expect(await showBank(url())).toMatch(new RegExp(`^alpha ${date} +USD +0 +${net} +nothing came yet$`, "m"));
  const answer = await fetch(`${system.endpoints.acquirers[0]}/sandbox/payouts`, {
    method: "POST",
    body: JSON.stringify({ date }),
  });
  expect(await answer.json()).toMatchObject({
    ...{ totals: [{ currency: "USD", net: Number(net) }], delivered: true },
  });
  await eventually(async () => ((await showBank(url())).includes("even") ? true : undefined));
  await eventually(async () => {
    await system.deliver();
    return (await bookedOn("1050")) === 0n ? true : undefined;
  });
  expect(await bookedOn("1000")).toBe(net);
  // Its file came by the role of a bank, as on AWS.
  const puts = system.calls
    .recent()
    .filter(({ action, caller }) => action === "PutObject" && /bank/.test(caller ?? ""));
  expect(new Set(puts.map(({ caller }) => caller))).toEqual(new Set(["tallystick-deliverer-local-bank"]));
  expect(await showBank(url())).toMatch(
    new RegExp(`^alpha ${date} +USD +${date} +bank-alpha-${date}-USD +${net} +${net} +${net} +even$`, "m"),
  );
  await nothingIsWrong();
});

test("a refund of a settled payment is taken out of what is available", async () => {
  const before = (await balance()).available;
  await refund(first, 4_00);
  await balances(0, before - 4_00);
  expect(await stateOf(first)).toBe("settled");
  await nothingIsWrong();
});

/** What an acquirer leaves of this day: captures of so much, less than they are or more. */
async function leave(
  name: string,
  captures: readonly (readonly [payment: string, gross: number])[],
): Promise<void> {
  const date = new Date().toISOString().slice(0, 10);
  const header =
    "settlement_date,acquirer,merchant,kind,operation_key,reference,dispute,currency,gross,cost,net,occurred_at";
  const lines = captures.map(
    ([payment, gross]) =>
      `${date},alpha,mer_demo,capture,${payment}:capture:1,${payment},,USD,${gross},5,${gross - 5},`,
  );
  const s3 = new S3Client(awsClient(system.endpoints));
  const Bucket = "tallystick-local-inbound-123456789012";
  await s3.send(
    new PutObjectCommand({ Bucket, Key: `alpha/${name}`, Body: [header, ...lines, ""].join("\r\n") }),
  );
  s3.destroy();
}
const openBreaks = (count: number) =>
  eventually(async () => {
    const found = await new Settlement(pool).breaks(false);
    return found.length === count ? found : undefined;
  });
/** Of the demo merchant's suspense: what is open, posted and booked. */
const suspense = (open: bigint) =>
  eventually(async () => {
    const all = await new SettlementEntries(pool).suspense();
    const found = all.find(({ book }) => book === "mer_demo") ?? { open: 0n, drafted: 0n, booked: 0n };
    return [found.open, found.drafted, found.booked].every((each) => each === open) ? true : undefined;
  });

test("what is in question is in suspense until somebody decides, and the merchant waits for what lacks", async () => {
  const [short, more] = [await paid(10_00), await paid(11_00)];
  await booked();
  await leave("mistaken.csv", [
    [short, 9_90],
    [more, 11_04],
  ]);
  const open = await openBreaks(2);
  expect(open.map(({ kind, amount }) => `${kind} ${amount}`).toSorted()).toEqual(["over 4", "under -10"]);
  await isSettled(more);
  expect(await stateOf(short)).toBe("captured");
  await booked();
  await suspense(-6n);
  expect(await showSuspense(url())).toMatch(/^mer_demo +USD +-6 +-6 +-6 +equal$/m);

  const under = open.find(({ kind }) => kind === "under")?.number;
  const word = { by: "lee", reason: "their fee" };
  await expect(noteBreak(url(), `brk_${under}`, "resolved", { ...word, as: "elsewhere" })).rejects.toThrow(
    "--as receivable|costs|losses|rounding, not elsewhere",
  );
  expect(await noteBreak(url(), `brk_${under}`, "resolved", { ...word, as: "costs" })).toMatch(
    /belongs to +costs/,
  );
  // The next file that comes, or a minute, has it posted.
  await leave("nothing.csv", []);
  await isSettled(short);
  await booked();
  await suspense(4n);
  expect(await showBreak(url(), `brk_${under}`)).toMatch(/moved by +je_settlement\.\d+/);
  await nothingIsWrong();
});

test("two reconcilers that are killed in the middle of it settle each payment once", async () => {
  const payments: string[] = [];
  for (let n = 0; n < 12; n += 1) payments.push(await paid(7_00));
  await booked();
  const before = (await balance()).available;
  const pids = await eventually(async () => {
    const found = reconcilerPids(system.endpoints);
    return found.length === 2 ? found : undefined;
  });
  for (const [n, payment] of payments.entries()) await leave(`${n}.csv`, [[payment, 7_00]]);
  await isSettled(payments[0] ?? "");
  for (const pid of pids) process.kill(pid, "SIGKILL");
  for (const payment of payments) await isSettled(payment);
  expect(reconcilerPids(system.endpoints).filter((pid) => pids.includes(pid))).toEqual([]);
  await balances(0, before + 12 * (7_00 - 50));
  await booked();
  await suspense(4n);
  await nothingIsWrong();
});
