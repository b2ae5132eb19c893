/** The rendered estate (`stacks/estate.<stage>.lock.json`), as the renderer writes it and the local cloud reads it. */
export interface Plan {
  readonly format: 1;
  readonly app: string;
  readonly stage: string;
  readonly region: string;
  readonly account: string;
  /** Version of SST whose components rendered it. */
  readonly sst: string;
  /** `sha256:<hex>` over the files that the plan came from; `npm start` compares it without SST. */
  readonly source_hash: string;
  readonly resources: readonly PlanResource[];
}

export interface PlanResource {
  readonly urn: string;
  /** Pulumi type token, for example `aws:dynamodb/table:Table`. */
  readonly type: string;
  /** Logical name in the program. */
  readonly name: string;
  readonly parent?: string;
  /** File that declares it, for example `stacks/data.ts`. */
  readonly declared_in?: string;
  /** Resolved inputs: every reference to another resource is already its name, ARN or URL. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What the provider would compute and others refer to (`arn`, `id`, …). */
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Functions only: the handler as written in `stacks/`, for example `functions/api/payments.handler`. */
  readonly handler?: string;
}
