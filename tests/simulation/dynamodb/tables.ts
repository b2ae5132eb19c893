import type {
  CancellationReason,
  PutItemCommandInput,
  TransactWriteItem,
  TransactWriteItemsCommandInput,
} from "@aws-sdk/client-dynamodb";
import { holds, type Item, type Placeholders, updated } from "./expression.ts";

export interface Write {
  readonly table: string;
  /** `pk sk`. */
  readonly key: string;
  readonly before: Item | undefined;
  readonly after: Item;
}

/** The end of one attempt, as the service answers it. */
export type Reply =
  | { readonly kind: "done"; readonly Item?: Item | undefined }
  | { readonly kind: "condition_failed"; readonly item: Item | undefined }
  | { readonly kind: "conflict" }
  | { readonly kind: "canceled"; readonly reasons: readonly CancellationReason[] }
  | { readonly kind: "in_progress" };

/** What the service knows of a ClientRequestToken: all attempts of one call share it. */
export interface Token {
  state: "new" | "in_progress" | "done";
}

interface ConditionalWrite extends Placeholders {
  readonly TableName: string | undefined;
  readonly ConditionExpression?: string | undefined;
}

/** One item of a transaction, looked at and not yet written. */
interface Prepared {
  readonly write: Write;
  readonly reason: CancellationReason;
}

/** Items, conditions and the locks of transactions: DynamoDB as far as the adapters use it, without its failures. */
export class Tables {
  readonly #tables = new Map<string, Map<string, Item>>();
  readonly #locked = new Set<string>();
  readonly #onWrites: (writes: readonly Write[]) => void;

  /** `onWrites` hears of every commit, with all the items of a transaction at once. */
  constructor(onWrites: (writes: readonly Write[]) => void) {
    this.#onWrites = onWrites;
  }

  items(table: string): Iterable<Item> {
    return this.#table(table).values();
  }

  get(table: string, key: Item): Item | undefined {
    return this.#table(table).get(keyOf(key));
  }

  /** Puts an item without any condition: the work of an operator, or of a restore. */
  place(table: string, item: Item): void {
    this.#table(table).set(keyOf(item), item);
  }

  remove(table: string, key: Item): void {
    this.#table(table).delete(keyOf(key));
  }

  put(input: PutItemCommandInput): Reply {
    const { write, reason } = this.#prepare({ Put: input as TransactWriteItem["Put"] });
    if (reason.Code === "TransactionConflict") return { kind: "conflict" };
    if (reason.Code === "ConditionalCheckFailed") return { kind: "condition_failed", item: reason.Item };
    this.#commit([write]);
    return { kind: "done" };
  }

  /**
   * The first phase of a transaction: its items are looked at, and locked if nothing stands in the way. `spoil` may
   * replace reasons before that. `commit` is the second phase: until it is called, other writers conflict.
   */
  begin(
    { TransactItems: items = [] }: TransactWriteItemsCommandInput,
    token: Token,
    spoil: (reasons: readonly CancellationReason[]) => readonly CancellationReason[],
  ): { readonly reply: Reply } | { readonly commit: () => Reply } {
    if (token.state === "done") return { reply: { kind: "done" } };
    if (token.state === "in_progress") return { reply: { kind: "in_progress" } };
    const prepared = items.map((item) => this.#prepare(item));
    const reasons = spoil(prepared.map(({ reason }) => reason));
    if (reasons.some(({ Code }) => Code !== "None")) return { reply: { kind: "canceled", reasons } };

    token.state = "in_progress";
    const writes = prepared.map(({ write }) => write);
    for (const write of writes) this.#locked.add(lockOf(write));
    const commit = (): Reply => {
      token.state = "done";
      for (const write of writes) this.#locked.delete(lockOf(write));
      this.#commit(writes);
      return { kind: "done" };
    };
    return { commit };
  }

  #prepare(item: TransactWriteItem): Prepared {
    const { Put: put, Update: update } = item;
    const request = put ?? update;
    const table = request?.TableName;
    const key = put?.Item ?? update?.Key;
    if (request === undefined || table === undefined || key === undefined)
      throw new Error(`the simulated DynamoDB does not know ${Object.keys(item).join()}`);
    const before = this.#table(table).get(keyOf(key));
    const after = update === undefined ? key : updated(update.UpdateExpression ?? "", key, before, update);
    const write = { table, key: keyOf(key), before, after };
    return { write, reason: this.#reasonAgainst(write, request) };
  }

  #reasonAgainst(write: Write, request: ConditionalWrite): CancellationReason {
    // An item that another transaction holds is not looked at.
    if (this.#locked.has(lockOf(write))) return { Code: "TransactionConflict" };
    const { ConditionExpression: condition } = request;
    if (condition === undefined || holds(condition, write.before, request)) return { Code: "None" };
    const isWanted = "ReturnValuesOnConditionCheckFailure" in request;
    return {
      Code: "ConditionalCheckFailed",
      ...(isWanted && write.before !== undefined ? { Item: write.before } : {}),
    };
  }

  #commit(writes: readonly Write[]): void {
    for (const { table, key, after } of writes) this.#table(table).set(key, after);
    this.#onWrites(writes);
  }

  #table(name: string): Map<string, Item> {
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const table = new Map<string, Item>();
    this.#tables.set(name, table);
    return table;
  }
}

const keyOf = (item: Item): string => `${item["pk"]?.S} ${item["sk"]?.S}`;
const lockOf = ({ table, key }: Write): string => `${table} ${key}`;
