import { createHash, randomBytes } from "node:crypto";
import {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  IdempotencyPersistenceLayerError,
  IdempotencyValidationError,
  makeIdempotent,
} from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  type PutItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { StoreUnavailable } from "#adapters/dynamodb/errors.ts";
import type { Book } from "#core/ledger/account.ts";
import { answersKeptSeconds } from "#functions/kept-answers.ts";
import type { Answer } from "./http/answer.ts";
import { Problem } from "./http/problem.ts";
import type { ApiRequest } from "./http/request.ts";

const keyLengthMax = 255;
const retryAfterSeconds = 1;
/** One partition takes 1,000 write units a second: a merchant's keys are dealt over this many. */
const shards = 16;

export interface OnceKey {
  readonly book: Book;
  /** Method and path template: the same key on another route is another request. */
  readonly route: string;
  readonly key: string;
  /** Digest of the business fields. */
  readonly fingerprint: string;
}

/**
 * Reads the Idempotency-Key header, quoted as the IETF draft has it or bare.
 * @throws Problem 400 when it is missing, longer than 255 characters, or not printable ASCII without commas and quotes.
 */
export function idempotencyKeyOf({ headers }: ApiRequest): string {
  const header = headers["idempotency-key"]?.trim();
  if (header === undefined || header === "") throw new Problem("idempotency_key_missing");
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  // The gateway joins repeated headers by a comma, so a comma may be two keys. A quote inside is one that was cut
  // off, or the parameters that the draft allows behind the string.
  if (!/^[\x21\x23-\x2B\x2D-\x7E]+$/.test(key) || key.length > keyLengthMax) {
    throw new Problem("idempotency_key_malformed", {
      detail: `Send one key of 1 to ${keyLengthMax} printable ASCII characters, without spaces, commas or quotes inside.`,
    });
  }
  return key;
}

/** Digest of what the request means, whatever the order of its fields: 128 bits, base64url. */
export function fingerprintOf(fields: Readonly<Record<string, unknown>>): string {
  const canonical = JSON.stringify(fields, (_key, value: unknown) => {
    if (typeof value === "bigint") return value.toString();
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
  return createHash("sha256").update(canonical).digest().subarray(0, 16).toString("base64url");
}

/** Runs a request once per key and replays its answer. Convenience, not defence: that is the conditional write. */
export class Idempotency {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
    knowOwnRecords(client, tableName);
  }

  /**
   * `act` must throw only while nothing has been done: a throw releases the key. Whatever was done is an answer.
   * @throws Problem 409 while another request holds the key, 422 when the key was used for another request.
   */
  async once(key: OnceKey, remainingMs: () => number, act: () => Promise<Answer>): Promise<Answer> {
    let end: { readonly done: Answer } | { readonly refused: unknown } | undefined;
    const run = makeIdempotent(
      async (_payload: unknown) => {
        try {
          const done = await act();
          end = { done };
          return done;
        } catch (refused) {
          end = { refused };
          throw refused;
        }
      },
      { persistenceStore: this.#storeFor(key), config: configFor(remainingMs), keyPrefix: "once" },
    );
    try {
      return (await run({
        key: { book: key.book, route: key.route, key: key.key },
        fingerprint: key.fingerprint,
      })) as Answer;
    } catch (error) {
      if (end === undefined) throw problemOf(error);
      // The request has its answer; only the record of it failed. A replay will meet the conditional write instead.
      if ("done" in end) return end.done;
      throw end.refused;
    }
  }

  #storeFor({ book, key }: OnceKey): DynamoDBPersistenceLayer {
    const shard = createHash("sha256").update(key).digest().readUInt32BE(0) % shards;
    return new DynamoDBPersistenceLayer({
      tableName: this.#tableName,
      awsSdkV3Client: this.#client,
      keyAttr: "pk",
      sortKeyAttr: "sk",
      staticPkValue: `${book}#${String(shard).padStart(2, "0")}`,
      expiryAttr: "expires_at",
    });
  }
}

/**
 * After a lost reply the SDK puts a record again, and meets its own first try: Powertools would tell the caller that
 * another request holds the key, for as long as this function had left. So each record says which call put it.
 */
function knowOwnRecords(client: DynamoDBClient, tableName: string): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const input = args.input as PutItemCommandInput;
        if (commandName !== "PutItemCommand" || input.TableName !== tableName) return next(args);
        const call = randomBytes(6).toString("base64url");
        try {
          return await next({ ...args, input: { ...input, Item: { ...input.Item, put_by: { S: call } } } });
        } catch (error) {
          if (!(error instanceof ConditionalCheckFailedException) || error.Item?.["put_by"]?.S !== call)
            throw error;
          return { output: { $metadata: error.$metadata }, response: error.$response };
        }
      },
    // Around the SDK's own retries.
    { step: "initialize", name: "knowOwnRecords", override: true },
  );
}

function configFor(remainingMs: () => number): IdempotencyConfig {
  const config = new IdempotencyConfig({
    eventKeyJmesPath: "key",
    payloadValidationJmesPath: "fingerprint",
    // Without it a missing key would silently skip idempotency.
    throwOnNoIdempotencyKey: true,
    expiresAfterSeconds: answersKeptSeconds,
    hashFunction: "sha256",
    responseHook: (stored) => {
      const answer = stored as unknown as Answer;
      const replayed = { ...answer, headers: { ...answer.headers, "idempotent-replayed": "true" } };
      return replayed as unknown as typeof stored;
    },
  });
  // Powertools reads only the remaining time from it: past that, a killed environment's lock gives way.
  config.registerLambdaContext({ getRemainingTimeInMillis: remainingMs } as Parameters<
    typeof config.registerLambdaContext
  >[0]);
  return config;
}

function problemOf(error: unknown): unknown {
  if (error instanceof IdempotencyAlreadyInProgressError) {
    return new Problem("idempotency_in_flight", { headers: { "retry-after": String(retryAfterSeconds) } });
  }
  if (error instanceof IdempotencyValidationError) return new Problem("idempotency_key_reused");
  if (error instanceof IdempotencyPersistenceLayerError)
    return new StoreUnavailable(error.message, { cause: error });
  return error;
}
