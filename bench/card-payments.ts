import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { startSystem } from "#local/system.ts";
import { ApiClient } from "#tests/support/api-client.ts";

/**
 * How long a card payment takes through HTTP on this machine, everything included: authorizer, saga, ledger, two calls
 * to an acquirer that takes 1 ms. `node bench/card-payments.ts [payments]`, 300 unless told otherwise.
 */

const acquirerLatencyMs = 1;
const warmUps = 50;
const payments = Number(process.argv[2] ?? 300);

const stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-bench-"));
const startedAt = performance.now();
const system = await startSystem({ port: 0, stateDirectory, acquirerLatencyMs, warn: console.error });
const readyMs = performance.now() - startedAt;

try {
  const demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  const token: string = (await demo.tokenize({ number: "4242424242424242" })).body.id;
  const pay = async (): Promise<number> => {
    const sentAt = performance.now();
    const answer = await demo.pay({ method: { type: "card", token } });
    if (answer.body.state !== "captured") throw new Error(`${answer.statusCode} ${answer.text}`);
    return performance.now() - sentAt;
  };

  for (let n = 0; n < warmUps; n += 1) await pay();
  // What consumes streams has traces of its own: it waits for no caller, and none for it.
  const callsOfRequests = () =>
    system.calls.recent().filter(({ trace }) => trace !== undefined && traces.has(trace));
  const traces = new Set<string>();
  const stopListening = system.calls.onCall(({ caller, trace }) => {
    if (caller === "PaymentsApi" && trace !== undefined) traces.add(trace);
  });
  const times: number[] = [];
  for (let n = 0; n < payments; n += 1) times.push(await pay());
  stopListening();
  const callsPerPayment = callsOfRequests().length / payments;

  const [{ model } = { model: "unknown" }] = cpus();
  console.log(`machine   ${cpus().length} × ${model}, node ${process.version}`);
  console.log(`ready     ${readyMs.toFixed(0)} ms`);
  console.log(`payments  ${payments}, one after the other, acquirer ${acquirerLatencyMs} ms`);
  console.log(`calls     ${callsPerPayment.toFixed(2)} AWS calls per payment`);
  console.log(`latency   ${quantiles(times)}`);
  for (const atOnce of [4, 16]) {
    // Starting one more environment per function costs more than many payments: those starts are not measured.
    await payAtOnce(pay, atOnce, warmUps * atOnce);
    const begin = performance.now();
    const all = await payAtOnce(pay, atOnce, payments);
    const perSecond = all.length / ((performance.now() - begin) / 1_000);
    console.log(
      `${String(atOnce).padStart(2)} at once ${perSecond.toFixed(0)} payments/s, ${quantiles(all)}`,
    );
  }
} finally {
  await system.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
}

async function payAtOnce(pay: () => Promise<number>, atOnce: number, count: number): Promise<number[]> {
  const one = async (): Promise<number[]> => {
    const times: number[] = [];
    for (let n = 0; n < count / atOnce; n += 1) times.push(await pay());
    return times;
  };
  return (await Promise.all(Array.from({ length: atOnce }, one))).flat();
}

function quantiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (quantile: number) =>
    (sorted[Math.floor(quantile * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms`;
}
