import {
  type CancellationReason,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ThrottlingException,
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
  type TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import type { FaultKind } from "../faults.ts";
import { Process } from "../process.ts";
import type { World } from "../world.ts";
import type { Item } from "./expression.ts";
import type { Reply, Tables, Token } from "./tables.ts";

/** As adapters/dynamodb/client.ts sets them. */
const attemptsMax = 3;
const attemptMsMax = 1_500;
const backoffMsMax = 100;

export type Command = GetItemCommand | PutItemCommand | TransactWriteItemsCommand;

/** What a mutation changes between the adapter and DynamoDB, on the way there and on the way back. */
export interface StoreAlterations {
  readonly command: (command: Command) => Command;
  readonly reasons: (reasons: readonly CancellationReason[]) => readonly CancellationReason[];
}

type Attempt = { readonly kind: "timed_out" | "throttled" } | Reply;

const metadata = { message: "simulated", $metadata: {} };

/**
 * What the adapters hold of the SDK's client: `send`, with its attempts, its timeouts and its errors, on tables that
 * are this history's. `alter` stands between the adapter and the SDK: mutations take conditions off there.
 */
export class SimulatedClient {
  readonly #world: World;
  readonly #tables: Tables;
  readonly #alter: StoreAlterations;

  constructor(world: World, tables: Tables, alter: StoreAlterations) {
    this.#world = world;
    this.#tables = tables;
    this.#alter = alter;
  }

  /** For the constructors of adapters, which call nothing but `send`. */
  asClient(): DynamoDBClient {
    return {
      send: (command: Command) => this.#send(this.#alter.command(command)),
    } as unknown as DynamoDBClient;
  }

  async #send(command: Command): Promise<{ readonly Item?: Item | undefined }> {
    const process = Process.current();
    this.#world.observer.keysTouched(process, keysOf(command));
    const isGone = process.strikes("store_throttled") ? "store_throttled" : goneAfterWrite(process, command);
    // The SDK makes one token for all attempts of a call.
    const token: Token = { state: "new" };
    let attempt: Attempt = { kind: "timed_out" };
    for (let n = 0; n < attemptsMax; n += 1) {
      if (n > 0) await this.#world.scheduler.sleep(this.#world.delays.between(0, backoffMsMax * n));
      attempt = await process.call(nameOf(command), () =>
        this.#attempt(process, command, token, fateOf(process, isGone, n)),
      );
      if (attempt.kind === "done") return attempt.Item === undefined ? {} : { Item: attempt.Item };
      const refusal = refusalOf(attempt, this.#alter.reasons);
      if (refusal !== undefined) throw refusal;
    }
    process.note(`${nameOf(command)} gives up: ${attempt.kind}`);
    throw attempt.kind === "throttled"
      ? new ThrottlingException(metadata)
      : attempt.kind === "in_progress"
        ? new TransactionInProgressException(metadata)
        : Object.assign(new Error("no reply in time"), { name: "TimeoutError" });
  }

  /** One attempt, for as long as the SDK waits for it. What was sent goes on without anybody waiting. */
  #attempt(process: Process, command: Command, token: Token, fate: FaultKind | undefined): Promise<Attempt> {
    const { scheduler, delays, faults } = this.#world;
    return new Promise((resolve) => {
      const giveUp = scheduler.schedule(attemptMsMax, () => resolve({ kind: "timed_out" }));
      const answer = (attempt: Attempt) => {
        const servedAt = scheduler.now();
        scheduler.schedule(delays.between(0, 5), () => {
          giveUp();
          process.servedAt = servedAt;
          resolve(attempt);
        });
      };
      if (fate === "store_request_lost") return;
      if (fate === "store_throttled") {
        answer({ kind: "throttled" });
        return;
      }
      const lateMs = fate === "store_late" ? faults.of("store_late").between(attemptMsMax, 20_000) : 0;
      const isHeard = fate !== "store_reply_lost" && fate !== "store_gone_after_write";
      scheduler.schedule(delays.between(0, 10) + lateMs, () =>
        this.#serve(process, command, token, (reply) => {
          if (isHeard) answer(reply);
        }),
      );
    });
  }

  #serve(process: Process, command: Command, token: Token, reply: (reply: Reply) => void): void {
    const { scheduler, delays, observer } = this.#world;
    if (command instanceof GetItemCommand) {
      const { TableName: table = "", Key: key = {} } = command.input;
      reply({ kind: "done", Item: this.#tables.get(table, key) });
      return;
    }
    if (command instanceof PutItemCommand) {
      const isHeld = process.strikes("store_conflict");
      const ended: Reply = isHeld ? { kind: "conflict" } : this.#tables.put(command.input);
      if (ended.kind === "conflict") process.conflicts += 1;
      process.note(`PutItem ${ended.kind}`);
      reply(ended);
      return;
    }
    const begun = this.#tables.begin(command.input, token, (reasons) => this.#spoil(process, reasons));
    if ("reply" in begun) {
      process.note(`TransactWriteItems ${describe(begun.reply)}`);
      reply(begun.reply);
      return;
    }
    // As long as other writers see the items held.
    scheduler.schedule(delays.between(0, 25), () => {
      const ended = begun.commit();
      observer.committed();
      process.note("TransactWriteItems done");
      reply(ended);
    });
  }

  /** Items held by other transactions are not looked at, whatever their conditions would have said. */
  #spoil<Reason extends { readonly Code?: string | undefined }>(
    process: Process,
    reasons: readonly Reason[],
  ) {
    const { faults } = this.#world;
    let spoiled: readonly ({ readonly Code?: string | undefined } | Reason)[] = reasons;
    const replaceSome = (kind: FaultKind, Code: string) => {
      const chosen = faults.of(kind).between(1, 2 ** reasons.length - 1);
      spoiled = spoiled.map((reason, index) => ((chosen >> index) & 1 ? { Code } : reason));
    };
    if (process.strikes("store_mixed_reasons")) replaceSome("store_mixed_reasons", "ThrottlingError");
    if (process.strikes("store_conflict")) replaceSome("store_conflict", "TransactionConflict");
    if (spoiled.some(({ Code }) => Code === "TransactionConflict")) process.conflicts += 1;
    return spoiled as readonly Reason[];
  }
}

function goneAfterWrite(process: Process, command: Command): "store_gone_after_write" | undefined {
  if (command instanceof GetItemCommand) return undefined;
  return process.firstOf("store_gone_after_write");
}

function fateOf(process: Process, isGone: FaultKind | undefined, attempt: number): FaultKind | undefined {
  if (isGone === "store_gone_after_write") return attempt === 0 ? isGone : "store_request_lost";
  return isGone ?? process.firstOf("store_request_lost", "store_reply_lost", "store_late");
}

/** What the SDK throws at once: what it does not count among the errors that another attempt may mend. */
export function refusalOf(attempt: Attempt, alter: StoreAlterations["reasons"]): Error | undefined {
  switch (attempt.kind) {
    case "condition_failed":
      return new ConditionalCheckFailedException({
        ...metadata,
        ...(attempt.item === undefined ? {} : { Item: attempt.item }),
      });
    case "conflict":
      return new TransactionConflictException(metadata);
    case "canceled":
      return new TransactionCanceledException({
        ...metadata,
        CancellationReasons: [...alter(attempt.reasons)],
      });
    default:
      return undefined;
  }
}

const describe = (reply: Reply): string =>
  reply.kind === "canceled" ? `canceled: ${reply.reasons.map(({ Code }) => Code).join(", ")}` : reply.kind;

const nameOf = (command: Command): string => command.constructor.name.replace("Command", "");

function keysOf(command: Command): readonly Item[] {
  if (command instanceof GetItemCommand) return [command.input.Key ?? {}];
  if (command instanceof PutItemCommand) return [command.input.Item ?? {}];
  return (command.input.TransactItems ?? []).map(({ Put, Update }) => Put?.Item ?? Update?.Key ?? {});
}
