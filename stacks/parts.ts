import type { Books } from "./books.ts";
import type { Tables } from "./data.ts";
import type { Queues, Streams } from "./messaging.ts";
import type { Topics } from "./news.ts";
import type { OriginSecrets } from "./origin-secret.ts";
import type { AcquirerSecrets, Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";
import type { Buckets } from "./storage.ts";
import type { Warehouse } from "./warehouse.ts";

/** What may wait, be redriven or needs a person is Standard; what a caller waits for is Express. */
export const sagaTypes = {
  payment: "EXPRESS",
  refund: "EXPRESS",
  recovery: "STANDARD",
  dispute: "STANDARD",
  failover: "STANDARD",
} as const satisfies Record<string, SagaType>;
type SagaType = "EXPRESS" | "STANDARD";
export type SagaName = keyof typeof sagaTypes;
export type ExpressSagaName = {
  [Name in SagaName]: (typeof sagaTypes)[Name] extends "EXPRESS" ? Name : never;
}[SagaName];
export type Sagas = { readonly [Name in SagaName]: aws.sfn.StateMachine };

/** What functions are wired to. A saga's own tasks are created before it, so they see no sagas. */
export interface Parts {
  readonly settings: StageSettings;
  readonly acquirerSecrets: AcquirerSecrets | undefined;
  readonly keys: Keys;
  readonly tables: Tables;
  readonly queues: Queues;
  readonly streams: Streams;
  readonly topics: Topics;
  readonly buckets: Buckets;
  readonly books: Books | undefined;
  readonly userPool: aws.cognito.UserPool;
  readonly tokenIssuer: $util.Output<string>;
  /** Where the world finds the HTTP API. */
  readonly publicUrl: $util.Output<string>;
  /** By which the API's functions know the edge. Undefined where a stage has none: then they answer anybody. */
  readonly originSecrets: OriginSecrets | undefined;
  readonly sagas?: Sagas;
  /** Of the function that fills it: all others are made before it. */
  readonly warehouse?: Warehouse;
}
