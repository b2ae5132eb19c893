import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { awsEndpointOf, localConnection, storeConnection } from "../connection.ts";
import { Progress } from "../progress.ts";
import { prove } from "../prove.ts";
import { Refusal } from "../refusal.ts";
import { table } from "../table.ts";
import { type Day, type MerchantName, readDay } from "./day.ts";
import { Merchant } from "./merchant.ts";
import { byKind, type Outcome, percentile } from "./outcomes.ts";
import { sendPayments } from "./send.ts";
import { costOf, type Side, since, totalOf, type Usage, usageAt } from "./usage.ts";

const usageText = `npm run demo [-- flags]   sends a merchant's day to the local system, and proves its books

  --file <file>                   another day (samples/payments.ndjson)
  --wait <seconds>                for payments without an outcome, at the end (50)
  --state-directory <directory>   of the local system (.local)
  --help`;

const pollMs = 500;
/** All requests meet a system that is gone at about the same time. */
const awayToldMsMin = 30_000;
/** Approved and captured at once. */
const plainPayment = {
  merchant: "demo" as const,
  amount: 1_234,
  currency: "USD",
  card: "4242424242424242",
  afterwards: [],
  repeat: 0,
};
const open = new Set(["processing", "requires_action", "in_review"]);

function readFlags() {
  try {
    return parseArgs({
      options: {
        file: { type: "string", default: join(import.meta.dirname, "../../samples/payments.ndjson") },
        wait: { type: "string", default: "50" },
        "state-directory": { type: "string", default: ".local" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n\n${usageText}`, { cause: error });
  }
}

async function main(): Promise<void> {
  const flags = readFlags();
  if (flags.help) return console.log(usageText);
  const waitSeconds = Number(flags.wait);
  if (!Number.isInteger(waitSeconds) || waitSeconds < 0 || waitSeconds > 3_600)
    throw new Refusal("--wait is a whole number of seconds, 0 to 3600");
  const state = flags["state-directory"];
  const onAway = awayTeller();
  const merchants: Readonly<Record<MerchantName, Merchant>> = {
    demo: new Merchant(localConnection(state, "demo"), onAway),
    other: new Merchant(localConnection(state, "other"), onAway),
  };
  const day = await readDay(flags.file);
  for (const { line, why } of day.malformed) console.error(`${flags.file}:${line}: left out: ${why}`);

  const aws = awsEndpointOf(state);
  const before = await usageAt(aws);
  const startedMs = performance.now();
  await openBooks(day, merchants);
  const progress = new Progress("payments", day.payments.length);
  const outcomes = await sendPayments(day, merchants, () => progress.step());
  const sentSeconds = (performance.now() - startedMs) / 1_000;
  const ended = await settle(outcomes, merchants, waitSeconds);
  report(ended, sentSeconds);
  const awsNow = awsEndpointOf(state);
  // Another start has another endpoint, and a meter that began anew.
  reportDay(ended, awsNow === aws ? since(before, await usageAt(aws)) : undefined);
  await reportPlainPayment(awsNow, merchants.demo);
  console.log();
  if (!(await prove(storeConnection(state), console.log))) process.exitCode = 1;
}

/** Says that the system is gone: once, not for each request that waits for it. */
function awayTeller(): (why: string) => void {
  let toldMs = Number.NEGATIVE_INFINITY;
  return (why) => {
    if (performance.now() - toldMs < awayToldMsMin) return;
    toldMs = performance.now();
    console.error(`${why} The day goes on when it is back.`);
  };
}

/** Opens the day's accounts and fills its wallets. A second day finds both as they are. */
async function openBooks(day: Day, merchants: Readonly<Record<MerchantName, Merchant>>): Promise<void> {
  for (const account of day.accounts) await merchants[account.merchant].openAccount(account);
  for (const topUp of day.topUps) await merchants[topUp.merchant].topUp(topUp);
}

/** Looks again at payments without an outcome, until the recovery has found it out or the time is up. */
async function settle(
  outcomes: readonly Outcome[],
  merchants: Readonly<Record<MerchantName, Merchant>>,
  waitSeconds: number,
): Promise<readonly Outcome[]> {
  const states = new Map<string, string>();
  const isOpen = ({ paymentId, state }: Outcome) =>
    paymentId !== undefined && open.has(states.get(paymentId) ?? state);
  let left = outcomes.filter(({ paymentId }) => paymentId !== undefined);
  const progress = new Progress("outcomes", left.length);
  const deadline = performance.now() + waitSeconds * 1_000;
  while (left.length > 0) {
    for (const { paymentId = "", merchant } of left) {
      const { state } = await merchants[merchant as MerchantName].find(paymentId);
      states.set(paymentId, state);
      if (!open.has(state)) progress.step();
    }
    left = left.filter(isOpen);
    if (left.length === 0 || performance.now() > deadline) break;
    await sleep(pollMs);
  }
  return outcomes.map((outcome) => ({
    ...outcome,
    state: states.get(outcome.paymentId ?? "") ?? outcome.state,
  }));
}

function report(outcomes: readonly Outcome[], seconds: number): void {
  const rows = byKind(outcomes).map(([kind, counts, total]) => [kind, String(total), counts]);
  console.log(`\n${table(["PAYMENTS", "SENT", "OUTCOMES"], rows)}\n`);
  const durations = outcomes.map(({ durationMs }) => durationMs);
  const at = (percent: number) => `p${percent} ${percentile(durations, percent).toFixed(0)} ms`;
  console.log(`${outcomes.length} payments in ${seconds.toFixed(1)} s (${at(50)}, ${at(99)})`);
  const complaints = outcomes.flatMap(({ complaints: those }) => those);
  for (const complaint of complaints.slice(0, 20)) console.log(`  ${complaint}`);
  console.log(`${complaints.length} answers that were not as they must be`);
  const unresolved = outcomes.filter(({ state }) => state === "in_review" || state === "processing").length;
  console.log(`${unresolved} payments wait for the recovery or a person`);
  if (complaints.length > 0) process.exitCode = 1;
}

/** By the local cloud's meter: what the day's payments were written with. Undefined when nobody metered all of it. */
function reportDay(outcomes: readonly Outcome[], usage: Usage | undefined): void {
  if (usage === undefined) {
    console.log("per payment: not known, the system and its meter were started anew within the day");
    return;
  }
  const paid = outcomes.filter(({ paymentId }) => paymentId !== undefined).length;
  const written = totalOf(usage);
  const each = (side: Side) => (written[side] / Math.max(1, paid)).toFixed(1);
  console.log(
    `per payment, with all that came after it: ${each("before")} write units before answers, ${each("behind")} behind them`,
  );
}

/** By the same meter: what a plain payment costs that is alone with the system. */
async function reportPlainPayment(aws: string, merchant: Merchant): Promise<void> {
  await merchant.know(plainPayment.card);
  const key = `plain-${Date.now()}`;
  const { calls, writeUnits } = await costOf(aws, () => merchant.pay({ ...plainPayment, key }));
  const rowsOf = (usage: Usage, what: string) => [
    ...[...usage].map(([name, sides]) => [`  ${name}`, String(sides.before), String(sides.behind)]),
    [what, String(totalOf(usage).before), String(totalOf(usage).behind)],
  ];
  const rows = [...rowsOf(calls, "AWS calls"), ...rowsOf(writeUnits, "write units")];
  console.log(`\n${table(["ONE CARD PAYMENT, ALONE", "BEFORE ITS ANSWER", "BEHIND IT"], rows)}`);
}

main().catch((thrown: unknown) => {
  console.error(thrown instanceof Refusal ? thrown.message : thrown);
  process.exitCode = 1;
});
