import { setTimeout as sleep } from "node:timers/promises";
import { explain } from "../api.ts";
import { Refusal } from "../refusal.ts";
import type { Day, PaymentLine } from "./day.ts";
import { awayMsMax, awayPollMs, type Merchant, type PaymentView, paymentIn, type Sent } from "./merchant.ts";
import type { Outcome } from "./outcomes.ts";

/** Payments on their way at the same time. A burst comes on top of them. */
const concurrency = 12;
const customerMsMax = 10_000;

/**
 * Sends the payments of a day, in order and several at a time; lines of one burst all at once. Each caller waits for
 * its answer and then does what its line says.
 */
export async function sendPayments(
  { payments }: Day,
  merchants: Readonly<Record<string, Merchant>>,
  done: (outcome: Outcome) => void,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const groups = grouped(payments);
  const worker = async (): Promise<void> => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      const sent = await Promise.all(group.map((line) => sendOne(line, merchantOf(line, merchants))));
      for (const outcome of sent) {
        outcomes.push(outcome);
        done(outcome);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return outcomes;
}

/** Lines that follow each other in the same burst are one group. */
function grouped(payments: readonly PaymentLine[]): PaymentLine[][] {
  const groups: PaymentLine[][] = [];
  for (const line of payments) {
    const last = groups.at(-1);
    const joins = line.burst !== undefined && last?.[0]?.burst === line.burst;
    if (joins) last?.push(line);
    else groups.push([line]);
  }
  return groups;
}

function merchantOf({ merchant }: PaymentLine, merchants: Readonly<Record<string, Merchant>>): Merchant {
  const found = merchants[merchant];
  if (found === undefined) throw new Error(`there is no merchant ${merchant}`);
  return found;
}

const kindOf = ({ card, capture }: PaymentLine): string => {
  const method = card === undefined ? "wallet" : `card ${card.slice(0, 4)}…${card.slice(-4)}`;
  return capture === undefined ? method : `${method}, ${capture} capture`;
};

async function sendOne(line: PaymentLine, merchant: Merchant): Promise<Outcome> {
  const sent = await merchant.pay(line);
  const complaints = await repeatIt(line, merchant, sent);
  const { kind, merchant: name } = { kind: kindOf(line), merchant: line.merchant };
  const created = paymentIn(sent.reply);
  if (created === undefined) {
    const refusal = explain(sent.reply);
    return {
      kind,
      merchant: name,
      paymentId: undefined,
      state: "refused",
      durationMs: sent.durationMs,
      complaints: [...complaints, refusal],
    };
  }
  await actAsCustomer(line, created);
  complaints.push(...(await takeSteps(line, merchant, created)));
  return {
    kind,
    merchant: name,
    paymentId: created.id,
    state: created.state,
    durationMs: sent.durationMs,
    complaints,
  };
}

/** A caller that lost the answer asks again under its key, and must be told the same to the letter. */
async function repeatIt(line: PaymentLine, merchant: Merchant, first: Sent): Promise<string[]> {
  const complaints: string[] = [];
  for (let n = 0; n < line.repeat; n += 1) {
    const again = await merchant.pay(line);
    const isSame = JSON.stringify(again.reply.body) === JSON.stringify(first.reply.body);
    if (!isSame) complaints.push(`${line.key}: the same request was answered otherwise`);
    if (again.reply.headers.get("idempotent-replayed") !== "true")
      complaints.push(`${line.key}: not told that it is a replay`);
  }
  return complaints;
}

/** The customer's browser goes to the acquirer's page and decides there; a page that is not there is loaded again. */
async function actAsCustomer(line: PaymentLine, payment: PaymentView): Promise<void> {
  const url = payment.next_action?.redirect_url;
  if (line.customer === undefined || url === undefined) return;
  const deadlineMs = performance.now() + awayMsMax;
  for (;;) {
    try {
      await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ result: line.customer }),
        signal: AbortSignal.timeout(customerMsMax),
      });
      return;
    } catch (thrown) {
      if (performance.now() > deadlineMs)
        throw new Refusal(`nothing answers at ${url}: is it running?`, { cause: thrown });
      await sleep(awayPollMs);
    }
  }
}

/** What the merchant does afterwards, in order. It stops at the first that is refused. */
async function takeSteps(line: PaymentLine, merchant: Merchant, payment: PaymentView): Promise<string[]> {
  const isOpen = payment.state === "captured" || payment.state === "authorized";
  if (!isOpen) return [];
  for (const [index, step] of line.afterwards.entries()) {
    const { reply } = await merchant.step(payment.id, step, line.key, index + 1);
    if (reply.statusCode >= 300) return [`${line.key}: ${step.do}: ${explain(reply)}`];
  }
  return [];
}
