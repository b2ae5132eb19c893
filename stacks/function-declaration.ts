import type { EventSource, StreamSource, TableSource } from "./consumers.ts";
import type { TableName } from "./data.ts";
import type { QueueName, StreamName } from "./messaging.ts";
import type { TopicName } from "./news.ts";
import type { ExpressSagaName, SagaName } from "./parts.ts";
import type { AcquirerSecretVariable } from "./security.ts";
import type { BucketName } from "./storage.ts";

/** What a function may do to one table. */
export interface TableUse {
  readonly may: readonly (
    | "get"
    | "batchGet"
    | "put"
    | "batchWrite"
    | "update"
    | "delete"
    | "query"
    | "scan"
    | "check"
  )[];
  /** Indexes that it may query, beside the table itself. */
  readonly mayQueryIndexes?: readonly string[];
  /** It may read these attributes and no others: each read must name the ones that it wants. */
  readonly onlyAttributes?: readonly string[];
  /** Each of these verbs it may use under these partition keys and no others; `*` stands for any text. */
  readonly onlyUnder?: { readonly [Verb in "put" | "update" | "delete"]?: readonly string[] };
}

/** API Gateway hangs up after 30 s: the function ends first, so that what it did is in its log. */
export const apiTimeoutSeconds = 29;

/** Accounts are updated in place, the journal never is: `accountKey` in adapters/dynamodb/keys.ts tells them apart. */
export const allAccounts: readonly string[] = ["*#account#*"];

export type BucketUse = "get" | "put" | "list";

/** The others are used by AWS's services, for what they keep. */
export type FunctionKey = "vault" | "fingerprint" | "returns";

export type KeyUse = "generateDataKey" | "decrypt" | "generateMac";

/** All that a function touches. Its role and its environment are generated from this, and nothing is added by hand. */
export interface FunctionDeclaration {
  /** `<file without extension>.<export>`, from the root of the project. */
  readonly handler: string;
  readonly purpose: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Each table gives the function `<NAME>_TABLE`. */
  readonly tables?: { readonly [Name in TableName]?: TableUse };
  /** Each key gives the function `<NAME>_KEY_ARN`. */
  readonly keys?: { readonly [Name in FunctionKey]?: readonly KeyUse[] };
  /** Queues that it sends to. Each gives the function `<NAME>_QUEUE_URL`. */
  readonly sendsTo?: readonly QueueName[];
  /** Streams that it puts records on. Each gives the function `<NAME>_STREAM`. */
  readonly putsOn?: readonly StreamName[];
  /** Topics that it publishes to. Each gives the function `<NAME>_TOPIC_ARN`. */
  readonly publishesTo?: readonly TopicName[];
  /** Topics whose subscriptions it makes, looks up and ends. Each gives the function `<NAME>_TOPIC_ARN`. */
  readonly subscribesTo?: readonly TopicName[];
  /** What it may do to the objects of a bucket. Each gives the function `<NAME>_BUCKET`. */
  readonly buckets?: { readonly [Name in BucketName]?: readonly BucketUse[] };
  /** What invokes it, batch by batch: its role may read the source. */
  readonly consumes?: EventSource;
  /** Streams of tables, and streams, that it may read back: what a function gave up is named by its place only. */
  readonly readsBack?: readonly (TableSource | StreamSource)[];
  /** Functions that it may invoke, by their names here. */
  readonly invokes?: readonly string[];
  /** Invoked by time: `rate(5 minutes)`, or a cron expression of EventBridge. */
  readonly every?: string;
  /** Sagas whose failed executions it may redrive or start anew. */
  readonly redrives?: readonly SagaName[];
  /** Sagas whose executions it may look up by name. Each gives the function `<NAME>_SAGA_ARN`. */
  readonly describes?: readonly SagaName[];
  /** Sagas that it starts, to go their own way. Each gives the function `<NAME>_SAGA_ARN`. */
  readonly starts?: readonly SagaName[];
  /** Express sagas that it starts and waits for, as long as there is time. Each gives the function `<NAME>_SAGA_ARN`. */
  readonly awaits?: readonly ExpressSagaName[];
  /** It may register OAuth clients, which then sign in. Gives the function `USER_POOL_ID`. */
  readonly registersClients?: true;
  /** Whether it is told the stage's epoch. Left out: where it uses a table of the books. */
  readonly knowsEpoch?: boolean;
  /** A part of the failover that reaches beyond the books (stacks/failover.ts). */
  readonly promotes?: "fences" | "enables" | "books";
  /** It fills the warehouse, as its owner (stacks/warehouse-load.ts). There where a stage has one. */
  readonly loads?: "warehouse";
  /** Folders that it reads at run time: they lie beside its bundle, under the same names. */
  readonly carries?: readonly string[];
  /** It changes the password of the books' owner (stacks/books-global.ts). There where RDS does not. */
  readonly rotates?: "booksOwner";
  readonly variables?: readonly (
    | "ACQUIRERS"
    | "TOKEN_ISSUER"
    | "PUBLIC_URL"
    | "ORIGIN_SECRETS"
    | AcquirerSecretVariable
  )[];
}
