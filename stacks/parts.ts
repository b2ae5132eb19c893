import type { Tables } from "./data.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";

export type SagaName = "payment";
export type Sagas = { readonly [Name in SagaName]: aws.sfn.StateMachine };

/** What functions are wired to. A saga's own tasks are created before it, so they see no sagas. */
export interface Parts {
  readonly settings: StageSettings;
  readonly keys: Keys;
  readonly tables: Tables;
  readonly tokenIssuer: $util.Output<string>;
  readonly sagas?: Sagas;
}
