import { z } from "zod";
import { bankFolder } from "#core/settlement/bank-movement.ts";
import type { SandboxAcquirer } from "./acquirer.ts";
import { notificationsOf } from "./camt054.ts";
import type { Deliveries } from "./deliveries.ts";
import { type Answer, decode, parseJson, refuse } from "./http.ts";
import { type Inbox, s3Inbox, s3InboxSettings } from "./inbox.ts";
import { mistakes } from "./mistakes.ts";
import type { Notifier } from "./notifier.ts";
import { filesOf } from "./settlement-files.ts";
import { type Statement, totalsOf } from "./statement.ts";
import { disputeOf } from "./wire.ts";

const notifyUrlBody = z.strictObject({ url: z.url({ protocol: /^https?$/ }).nullable() });
const settlementBody = z.strictObject({
  date: z.iso.date(),
  mistakes: z.array(z.enum(mistakes)).max(100).default([]),
});
const payoutBody = z.strictObject({ date: z.iso.date() });
const disputeBody = z.strictObject({
  /** The acquirer's of the authorization; or the client's key of any operation on it. */
  reference: z.string().optional(),
  operation_key: z.string().optional(),
  amount: z.int().min(1).max(1_000_000_000_000_000).optional(),
  reason: z.string().regex(/^[a-z][a-z_]{0,63}$/),
  due_in_seconds: z.number().min(0).max(7_776_000).optional(),
});
const outcomeBody = z.strictObject({ outcome: z.enum(["won", "lost"]) });
const disputePath = /^\/sandbox\/disputes\/([^/]{1,100})$/;

/** What a person would do at a real acquirer, or in its portal. No acquirer has it as an API; tests need it. */
export class SandboxApi {
  readonly #acquirer: SandboxAcquirer;
  readonly #notifier: Notifier;
  readonly #deliveries: Deliveries;
  /** Where the client's bank leaves its files. */
  #bank: Inbox | undefined;

  constructor(acquirer: SandboxAcquirer, notifier: Notifier, deliveries: Deliveries) {
    this.#acquirer = acquirer;
    this.#notifier = notifier;
    this.#deliveries = deliveries;
  }

  async answer(method: string, path: string, raw: string): Promise<Answer> {
    const body = parseJson(raw);
    switch (`${method} ${path}`) {
      case "PUT /sandbox/notify-url":
        return this.#tellAt(body);
      case "PUT /sandbox/inbound":
        return this.#deliverTo(body);
      case "PUT /sandbox/bank":
        return this.#tellBank(body);
      case "POST /sandbox/payouts":
        return this.#payOut(body);
      case "POST /sandbox/settlements":
        return this.#settle(body);
      case "POST /sandbox/disputes":
        return this.#openDispute(body);
    }
    const id = decode(disputePath.exec(path)?.[1]);
    return method === "POST" && id !== undefined ? this.#closeDispute(id, body) : refuse("unknown_route");
  }

  #tellAt(body: unknown): Answer {
    const { data } = notifyUrlBody.safeParse(body);
    if (data === undefined) return refuse("malformed");
    this.#notifier.tellAt(data.url ?? undefined);
    return { statusCode: 200, body: { url: data.url } };
  }

  #deliverTo(body: unknown): Answer {
    const { data } = s3InboxSettings.nullable().safeParse(body);
    if (data === undefined) return refuse("malformed");
    this.#deliveries.deliverTo(data === null ? undefined : s3Inbox(this.#acquirer.name, data));
    return { statusCode: 200, body: { bucket: data?.bucket ?? null } };
  }

  /** Again and again the same: a day that is closed already is delivered once more. */
  async #settle(body: unknown): Promise<Answer> {
    const { data } = settlementBody.safeParse(body);
    if (data === undefined) return refuse("malformed");
    const statement = this.#acquirer.settlements.close(data.date, data.mistakes);
    if (statement === undefined) return refuse("forgotten");
    const settled = { date: data.date, acquirer: this.#acquirer.name, ...summaryOf(statement) };
    return answered(settled, () => this.#deliveries.deliver(statement));
  }

  #tellBank(body: unknown): Answer {
    const { data } = s3InboxSettings.nullable().safeParse(body);
    if (data === undefined) return refuse("malformed");
    this.#bank = data === null ? undefined : s3Inbox(bankFolder, data);
    return { statusCode: 200, body: { bucket: data?.bucket ?? null } };
  }

  /** Pays what a closed day comes to: the client's bank tells of it. Again and again the same payment. */
  async #payOut(body: unknown): Promise<Answer> {
    const { data } = payoutBody.safeParse(body);
    if (data === undefined) return refuse("malformed");
    const statement = this.#acquirer.settlements.closed(data.date);
    if (statement === undefined) return refuse("not_closed");
    const [bank, files] = [this.#bank, notificationsOf(statement)];
    const paid = {
      ...{ date: data.date, acquirer: this.#acquirer.name },
      totals: totalsOf(statement.movements).map(({ currency, net }) => ({ currency, net: Number(net) })),
      files: files.map(({ name }) => name),
    };
    return answered(paid, async () => {
      for (const file of files) await bank?.put(file);
      return bank !== undefined;
    });
  }

  #openDispute(body: unknown): Answer {
    const { data } = disputeBody.safeParse(body);
    if (data === undefined) return refuse("malformed");
    const { reference, operation_key: key, amount, reason, due_in_seconds: due } = data;
    const named = reference ?? (key === undefined ? undefined : this.#acquirer.inquire(key)?.reference);
    if (named === undefined) return refuse("unknown_reference");
    const dueInMs = due === undefined ? undefined : due * 1_000;
    const opened = this.#acquirer.disputes.open(named, { amount, reason, dueInMs });
    if (typeof opened === "string") return refuse(opened);
    return { statusCode: 201, body: disputeOf(opened.id, opened.dispute) };
  }

  #closeDispute(id: string, body: unknown): Answer {
    const { data } = outcomeBody.safeParse(body);
    if (data === undefined) return refuse("malformed");
    const closed = this.#acquirer.disputes.close(id, data.outcome);
    return typeof closed === "string" ? refuse(closed) : { statusCode: 200, body: disputeOf(id, closed) };
  }
}

async function answered(said: object, deliver: () => Promise<boolean>): Promise<Answer> {
  try {
    return { statusCode: 200, body: { ...said, delivered: await deliver() } };
  } catch (thrown) {
    // By its name only: a message may quote what was sent, and to whom.
    const reason = thrown instanceof Error ? thrown.name : "unknown";
    return { statusCode: 502, body: { error: "not_delivered", reason, ...said } };
  }
}

function summaryOf(statement: Statement) {
  return {
    totals: totalsOf(statement.movements).map(({ gross, cost, net, ...total }) => ({
      ...total,
      gross: Number(gross),
      cost: Number(cost),
      net: Number(net),
    })),
    files: filesOf(statement).map(({ name }) => `/v1/settlements/${name}`),
  };
}
