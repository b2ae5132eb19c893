import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { BusEntry, Parcel } from "../delivery/courier.ts";
import { errorAnswer, jsonAnswer } from "../door/answers.ts";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import type { Plan } from "../plan/plan.ts";
import type { Clock } from "../stepfunctions/clock.ts";
import { type Dispatch, dispatch } from "./dispatch.ts";
import { type BusEvent, eventTime } from "./event.ts";
import { targetInput } from "./input.ts";
import { busNameOf, busNamesOf, type Rule, rulesOf } from "./rule.ts";
import { type Schedule, schedulesOf } from "./schedule.ts";
import { Timetable } from "./timetable.ts";

const entriesMax = 10;
/** EventBridge's limit of all entries of one call: 1 MiB. */
const entriesBytesMax = 1024 * 1024;

export interface EventBridgeOptions {
  readonly plan: Plan;
  readonly clock: Clock;
  /** @throws when the target refuses. */
  readonly deliver: (parcel: Parcel) => Promise<void>;
  readonly warn: (line: string) => void;
  /** Unique ids; random UUIDs by default. */
  readonly newId?: () => string;
}

const putEvents = z.object({
  Entries: z
    .array(
      z.object({
        Source: z.string().optional(),
        DetailType: z.string().optional(),
        Detail: z.string().optional(),
        Resources: z.array(z.string()).default([]),
        EventBusName: z.string().default("default"),
        /** Epoch seconds. */
        Time: z.number().optional(),
      }),
    )
    .min(1)
    .max(entriesMax),
});
type Entry = z.output<typeof putEvents>["Entries"][number];

/** EventBridge: buses with the plan's rules, and EventBridge Scheduler's schedules. */
export class EventBridge implements Engine {
  readonly service = "events";
  readonly #options: EventBridgeOptions;
  readonly #newId: () => string;
  readonly #busNames: ReadonlySet<string>;
  readonly #rules: readonly Rule[];
  readonly #schedules: readonly Schedule[];
  readonly #timetable: Timetable;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  /** @throws Refusal when AWS would refuse a rule or schedule of the plan. */
  constructor(options: EventBridgeOptions) {
    this.#options = options;
    this.#newId = options.newId ?? randomUUID;
    this.#busNames = busNamesOf(options.plan);
    this.#rules = rulesOf(options.plan);
    this.#schedules = schedulesOf(options.plan);
    this.#timetable = new Timetable(options.clock);
  }

  /** Begins with what is scheduled. */
  start(): void {
    for (const rule of this.#rules) {
      if (rule.schedule === undefined) continue;
      const fire = (dueMs: number): void => this.#run(this.#fireRule(rule, dueMs));
      this.#timetable.add({ expression: rule.schedule, startMs: undefined, endMs: undefined, fire });
    }
    for (const schedule of this.#schedules) {
      const fire = (dueMs: number): void => this.#run(this.#fireSchedule(schedule, dueMs));
      this.#timetable.add({ ...schedule, fire });
    }
  }

  /** Fires nothing more and gives up what waits for a retry. */
  async stop(): Promise<void> {
    this.#timetable.stop();
    this.#stopping.abort();
    await Promise.all(this.#underWay);
  }

  async handle(call: AwsCall): Promise<AwsAnswer> {
    if (call.action !== "PutEvents") {
      return errorAnswer("UnknownOperationException", `The local EventBridge has no ${call.action}.`);
    }
    const parsed = putEvents.safeParse(JSON.parse(call.body.toString()));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return errorAnswer("ValidationException", `${issue?.path.join(".")}: ${issue?.message}`);
    }
    if (call.body.length > entriesBytesMax) {
      return errorAnswer(
        "ValidationException",
        "Total size of the entries in the request is over the limit.",
      );
    }
    const results = await Promise.all(parsed.data.Entries.map((entry) => this.#accept(entry)));
    const failed = results.filter((result) => "ErrorCode" in result).length;
    return jsonAnswer({ FailedEntryCount: failed, Entries: results });
  }

  /** Puts an event of AWS's own on a bus. Resolves when each target was tried once. */
  async put(entry: BusEntry): Promise<void> {
    const busName = busNameOf(entry.busName);
    if (!this.#busNames.has(busName)) throw new Error(`there is no event bus ${busName}`);
    const { source, detailType, resources } = entry;
    const detail: unknown = JSON.parse(entry.detail);
    const event = this.#event({ source, detailType, resources, detail }, this.#options.clock.now());
    await this.#match(busName, event);
  }

  async #accept(entry: Entry): Promise<Readonly<Record<string, string>>> {
    const { Source: source, DetailType: detailType, Resources: resources } = entry;
    const invalid = (what: string) => ({
      ErrorCode: "InvalidArgument",
      ErrorMessage: `Parameter ${what} is not valid. Reason: ${what} is a required argument.`,
    });
    if (source === undefined || source === "") return invalid("Source");
    if (detailType === undefined || detailType === "") return invalid("DetailType");
    if (entry.Detail === undefined) return invalid("Detail");
    const detail = objectIn(entry.Detail);
    if (detail === undefined) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
    const busName = busNameOf(entry.EventBusName);
    const timeMs = entry.Time === undefined ? this.#options.clock.now() : entry.Time * 1_000;
    const event = this.#event({ source, detailType, resources, detail }, timeMs);
    // An event for a bus that does not exist is accepted on AWS too, and matches nothing.
    if (this.#busNames.has(busName)) await this.#match(busName, event);
    return { EventId: event.id };
  }

  #event(
    head: { source: string; detailType: string; resources: readonly string[]; detail: unknown },
    timeMs: number,
  ): BusEvent {
    const { region, account } = this.#options.plan;
    return {
      version: "0",
      id: this.#newId(),
      "detail-type": head.detailType,
      source: head.source,
      account,
      time: eventTime(timeMs),
      region,
      resources: head.resources,
      detail: head.detail,
    };
  }

  /** Resolves when each target was tried once: an event that was answered is then with its targets, not with us. */
  async #match(busName: string, event: BusEvent): Promise<void> {
    const rules = this.#rules.filter((rule) => rule.busName === busName && rule.pattern?.(event) === true);
    await Promise.all(rules.map((rule) => this.#fire(rule, event)));
  }

  #fireRule(rule: Rule, dueMs: number): Promise<void> {
    const head = { source: "aws.events", detailType: "Scheduled Event", resources: [rule.arn], detail: {} };
    return this.#fire(rule, this.#event(head, dueMs));
  }

  async #fire(rule: Rule, event: BusEvent): Promise<void> {
    const names = { ruleArn: rule.arn, ruleName: rule.name };
    await Promise.all(
      rule.targets.map((target) =>
        this.#send({
          target,
          body: target.arn.startsWith("arn:aws:events:")
            ? JSON.stringify(event.detail)
            : targetInput(target, event, names),
          causeArn: rule.arn,
          service: "events.amazonaws.com",
          busEvent: { source: event.source, detailType: event["detail-type"], resources: event.resources },
        }),
      ),
    );
  }

  async #fireSchedule({ arn, target }: Schedule, dueMs: number): Promise<void> {
    const head = { source: "aws.scheduler", detailType: "Scheduled Event", resources: [arn], detail: "{}" };
    const event = this.#event(head, dueMs);
    const values: Readonly<Record<string, string>> = {
      "schedule-arn": arn,
      "scheduled-time": event.time,
      "execution-id": event.id,
      "attempt-number": "1",
    };
    const body =
      target.input?.replace(/<aws\.scheduler\.([a-z-]+)>/g, (found, name: string) => values[name] ?? found) ??
      JSON.stringify(event);
    await this.#send({ target, body, causeArn: arn });
  }

  async #send(work: Dispatch): Promise<void> {
    const { clock, deliver, warn } = this.#options;
    const { rest } = await dispatch(work, { clock, deliver, warn, signal: this.#stopping.signal });
    this.#run(rest);
  }

  #run(work: Promise<void>): void {
    const run = work
      .catch((thrown: unknown) => this.#options.warn(`EventBridge failed: ${String(thrown)}`))
      .finally(() => this.#underWay.delete(run));
    this.#underWay.add(run);
  }
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
