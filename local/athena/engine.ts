import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { errorAnswer, jsonAnswer } from "../door/answers.ts";
import { inputOf } from "../door/call-input.ts";
import type { Credentials } from "../door/credentials.ts";
import type { AwsAnswer, AwsCall, Engine, Caller as Signer } from "../door/engine.ts";
import { Caller } from "./caller.ts";
import { answer, CutOff } from "./query.ts";
import { QueryFailed } from "./refusal.ts";
import { columnsOf, csvOf, metadataOf, rowsOf } from "./results.ts";
import { Session } from "./session.ts";
import {
  type AthenaPlan,
  type NamedQueryPlan,
  newExecutionId,
  type WorkgroupPlan,
} from "./workgroup-plan.ts";

const queryBytesMax = 262_144;
/** A page of rows, names included. */
const pageRowsMax = 1_000;
/** What S3's engine takes in one request; Athena's own answers have no end. */
const resultBytesMax = 16_000_000;
/** Athena ends a query after this. */
const queryMsMax = 30 * 60_000;
/** Executions are remembered so long, as on AWS. */
const keptMs = 45 * 24 * 3_600_000;

const inputs = {
  start: z.object({
    QueryString: z.string().min(1).max(queryBytesMax),
    WorkGroup: z.string().default("primary"),
    ClientRequestToken: z.string().min(32).max(128).optional(),
    QueryExecutionContext: z
      .object({ Database: z.string().optional(), Catalog: z.string().optional() })
      .optional(),
    ResultConfiguration: z.object({ OutputLocation: z.string().optional() }).optional(),
    ExecutionParameters: z.array(z.string().min(1).max(1_024)).min(1).optional(),
  }),
  execution: z.object({ QueryExecutionId: z.string() }),
  results: z.object({
    QueryExecutionId: z.string(),
    MaxResults: z.int().min(1).max(pageRowsMax).default(pageRowsMax),
    NextToken: z.string().regex(/^\d+$/).optional(),
  }),
  workgroup: z.object({ WorkGroup: z.string().default("primary") }),
  namedQuery: z.object({ NamedQueryId: z.string() }),
  namedQueries: z.object({ NamedQueryIds: z.array(z.string()).min(1).max(50) }),
};
type Started = z.output<typeof inputs.start>;

interface Execution {
  readonly id: string;
  readonly input: Started;
  readonly workgroup: WorkgroupPlan;
  /** Where the answer goes: a bucket, and a key without its ending. */
  readonly output: readonly [bucket: string, key: string];
  readonly caller: Caller;
  readonly submittedAt: number;
  state: "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
  reason?: string;
  bytes: number;
  completedAt?: number;
  session?: Session;
}

export interface AthenaOptions {
  readonly plan: AthenaPlan;
  /** The door. */
  readonly endpoint: string;
  readonly region: string;
  /** An access key of whoever asks: Athena acts in his name. Undefined stands for the operator of this machine. */
  readonly credentialsOf: (roleArn: string | undefined) => Credentials;
  /** Where objects that were read are kept. */
  readonly directory: string;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** Athena's words for what is wrong with a call. */
class Invalid extends Error {
  override readonly name = "InvalidRequestException";
}

/**
 * Athena on DuckDB: queries run one after another over the objects of the catalog's tables, read and answered in the name
 * of whoever asks (docs/local-cloud.md).
 */
export class AthenaEngine implements Engine {
  readonly service = "athena";
  readonly #options: AthenaOptions;
  readonly #executions = new Map<string, Execution>();
  readonly #tokens = new Map<string, Execution>();
  readonly #callers = new Map<string | undefined, Caller>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: AthenaOptions) {
    this.#options = options;
  }

  async handle(call: AwsCall): Promise<AwsAnswer> {
    try {
      return await this.#act(call);
    } catch (thrown) {
      if (thrown instanceof Invalid || thrown instanceof QueryFailed)
        return errorAnswer("InvalidRequestException", thrown.message);
      if (thrown instanceof z.ZodError)
        return errorAnswer("InvalidRequestException", z.prettifyError(thrown));
      throw thrown;
    }
  }

  async stop(): Promise<void> {
    for (const execution of this.#executions.values()) this.#cancel(execution, "the local Athena ends");
    await this.#running;
    for (const caller of this.#callers.values()) caller.stop();
  }

  async #act(call: AwsCall): Promise<AwsAnswer> {
    const input = inputOf(call) ?? {};
    const execution = () => this.#execution(inputs.execution.parse(input).QueryExecutionId);
    const { namedQueries } = this.#options.plan;
    switch (call.action) {
      case "StartQueryExecution":
        return jsonAnswer({ QueryExecutionId: this.#start(inputs.start.parse(input), call.caller).id });
      case "GetQueryExecution":
        return jsonAnswer({ QueryExecution: described(execution()) });
      case "StopQueryExecution":
        this.#cancel(execution(), "Query cancelled by user");
        return jsonAnswer({});
      case "GetQueryResults":
        return this.#results(inputs.results.parse(input), call.caller);
      case "GetWorkGroup":
        return jsonAnswer({
          WorkGroup: describedWorkgroup(this.#workgroup(inputs.workgroup.parse(input).WorkGroup)),
        });
      case "ListNamedQueries": {
        const { name } = this.#workgroup(inputs.workgroup.parse(input).WorkGroup);
        return jsonAnswer({
          NamedQueryIds: namedQueries.filter(({ workgroup }) => workgroup === name).map(({ id }) => id),
        });
      }
      case "GetNamedQuery": {
        const { NamedQueryId: id } = inputs.namedQuery.parse(input);
        const found = namedQueries.find((each) => each.id === id);
        if (found === undefined) throw new Invalid(`Named query with id ${id} is not found.`);
        return jsonAnswer({ NamedQuery: describedQuery(found) });
      }
      case "BatchGetNamedQuery": {
        const { NamedQueryIds: ids } = inputs.namedQueries.parse(input);
        const found = namedQueries.filter(({ id }) => ids.includes(id));
        const missing = ids.filter((id) => !found.some((each) => each.id === id));
        return jsonAnswer({
          NamedQueries: found.map(describedQuery),
          UnprocessedNamedQueryIds: missing.map((NamedQueryId) => ({ NamedQueryId, ErrorCode: "NOT_FOUND" })),
        });
      }
      default:
        return errorAnswer("UnknownOperationException", `The local Athena does not know ${call.action}.`);
    }
  }

  #workgroup(name: string): WorkgroupPlan {
    const found = this.#options.plan.workgroups.find((each) => each.name === name);
    if (found === undefined) throw new Invalid(`WorkGroup ${name} is not found.`);
    return found;
  }

  #execution(id: string): Execution {
    const found = this.#executions.get(id);
    if (found === undefined) throw new Invalid(`QueryExecution ${id} was not found`);
    return found;
  }

  /** @returns the execution of this request, or that of the same request before. */
  #start(input: Started, { roleArn }: Signer): Execution {
    const { ClientRequestToken: token } = input;
    const known = token === undefined ? undefined : this.#tokens.get(token);
    if (known !== undefined) {
      if (JSON.stringify(known.input) === JSON.stringify(input)) return known;
      throw new Invalid("Idempotent parameters do not match");
    }
    const workgroup = this.#workgroup(input.WorkGroup);
    const { Catalog: catalog = "AwsDataCatalog" } = input.QueryExecutionContext ?? {};
    if (catalog.toLowerCase() !== "awsdatacatalog") throw new Invalid(`Catalog ${catalog} is not found.`);
    const id = newExecutionId(workgroup.name);
    const wanted = workgroup.isEnforced ? undefined : input.ResultConfiguration?.OutputLocation;
    const [, bucket, folder] =
      /^s3:\/\/([^/]+)\/(.*)$/.exec((wanted ?? workgroup.outputLocation).replace(/\/?$/, "/")) ?? [];
    if (bucket === undefined) throw new Invalid("outputLocation is not a valid S3 path.");
    const execution: Execution = {
      ...{ id, input, workgroup, output: [bucket, `${folder}${id}`], caller: this.#callerOf(roleArn) },
      ...{ submittedAt: this.#options.clock(), state: "QUEUED", bytes: 0 },
    };
    this.#forget();
    this.#executions.set(id, execution);
    if (token !== undefined) this.#tokens.set(token, execution);
    this.#running = this.#running.then(() => this.#run(execution));
    return execution;
  }

  #forget(): void {
    const oldest = this.#options.clock() - keptMs;
    for (const [id, { submittedAt, input }] of this.#executions) {
      if (submittedAt >= oldest) continue;
      this.#executions.delete(id);
      this.#tokens.delete(input.ClientRequestToken ?? "");
    }
  }

  #callerOf(roleArn: string | undefined): Caller {
    const { endpoint, region, credentialsOf } = this.#options;
    const caller =
      this.#callers.get(roleArn) ?? new Caller({ endpoint, region, credentials: credentialsOf(roleArn) });
    this.#callers.set(roleArn, caller);
    return caller;
  }

  /** Never rejects: what goes wrong is the execution's reason. */
  async #run(execution: Execution): Promise<void> {
    if (execution.state !== "QUEUED") return;
    execution.state = "RUNNING";
    const ended = new AbortController();
    try {
      execution.session = await Session.open();
      // Who ended it meanwhile had no session to interrupt.
      if (!isUnderWay(execution)) return;
      void sleep(queryMsMax, undefined, { signal: ended.signal, ref: false }).then(
        () => this.#cancel(execution, "Query timeout"),
        () => undefined,
      );
      await this.#answer(execution, execution.session);
      this.#end(execution, "SUCCEEDED");
    } catch (thrown) {
      const { message } = thrown as Error;
      // An answer that its reader cannot have is no failure of the query.
      this.#end(execution, thrown instanceof CutOff ? "CANCELLED" : "FAILED", message);
    } finally {
      ended.abort();
      execution.session?.close();
      delete execution.session;
    }
  }

  async #answer(execution: Execution, session: Session): Promise<void> {
    const { input, caller, workgroup, output, submittedAt } = execution;
    const { directory } = this.#options;
    const { result, bytes } = await answer(session, {
      ...{ sql: input.QueryString, parameters: input.ExecutionParameters ?? [], caller, directory },
      database: input.QueryExecutionContext?.Database ?? "default",
      cutoff: workgroup.cutoff,
      today: new Date(submittedAt).toISOString().slice(0, "2026-11-26".length),
    });
    execution.bytes = bytes;
    const csv = csvOf(result);
    if (Buffer.byteLength(csv) > resultBytesMax)
      throw new QueryFailed(
        "NOT_SUPPORTED",
        "the local Athena keeps no answer of more than 16 MB: ask for less",
      );
    if (!isUnderWay(execution)) return;
    const [bucket, key] = output;
    await caller.put(bucket, `${key}.csv`, csv, workgroup.bucketOwner);
    await caller.put(bucket, `${key}.csv.metadata`, metadataOf(result), workgroup.bucketOwner);
  }

  /** Says how it ended, unless that is said already. */
  #end(execution: Execution, state: Execution["state"], reason?: string): void {
    if (!isUnderWay(execution)) return;
    execution.state = state;
    execution.completedAt = this.#options.clock();
    if (reason !== undefined) execution.reason = reason;
  }

  #cancel(execution: Execution, reason: string): void {
    this.#end(execution, "CANCELLED", reason);
    execution.session?.interrupt();
  }

  /** Athena reads an answer where it wrote it, in the name of whoever asks for it. */
  async #results(
    { QueryExecutionId, MaxResults, NextToken }: z.output<typeof inputs.results>,
    { roleArn }: Signer,
  ): Promise<AwsAnswer> {
    const { state, output } = this.#execution(QueryExecutionId);
    if (state === "QUEUED" || state === "RUNNING")
      throw new Invalid(`Query has not yet finished. Current state: ${state}`);
    if (state !== "SUCCEEDED")
      throw new Invalid(`Query did not finish successfully. Final query state: ${state}`);
    const caller = this.#callerOf(roleArn);
    const [bucket, key] = output;
    const csv = await caller.get(bucket, `${key}.csv`);
    const metadata = await caller.get(bucket, `${key}.csv.metadata`);
    const rows = rowsOf(String(csv));
    const from = Number(NextToken ?? 0);
    const page = rows.slice(from, from + MaxResults);
    return jsonAnswer({
      UpdateCount: 0,
      ResultSet: {
        Rows: page.map((row) => ({ Data: row.map((cell) => (cell === null ? {} : { VarCharValue: cell })) })),
        ResultSetMetadata: { ColumnInfo: columnsOf(String(metadata)).map(describedColumn) },
      },
      ...(from + MaxResults < rows.length && { NextToken: String(from + MaxResults) }),
    });
  }
}

const isUnderWay = ({ state }: Execution): boolean => state === "RUNNING" || state === "QUEUED";

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000);

function described(execution: Execution): object {
  const { id, input, workgroup, output, state, reason, bytes, submittedAt, completedAt } = execution;
  const [bucket, key] = output;
  const took = (completedAt ?? submittedAt) - submittedAt;
  return {
    ...{ QueryExecutionId: id, Query: input.QueryString, StatementType: "DML", WorkGroup: workgroup.name },
    ResultConfiguration: { OutputLocation: `s3://${bucket}/${key}.csv` },
    QueryExecutionContext: input.QueryExecutionContext ?? {},
    ...(input.ExecutionParameters !== undefined && { ExecutionParameters: input.ExecutionParameters }),
    Status: {
      ...{ State: state, SubmissionDateTime: seconds(submittedAt), CompletionDateTime: seconds(completedAt) },
      ...(reason !== undefined && { StateChangeReason: reason }),
      ...(state === "FAILED" && {
        // What the query is wrong about; the system is not.
        AthenaError: { ErrorCategory: 2, ErrorType: 1, Retryable: false, ErrorMessage: reason },
      }),
    },
    Statistics: {
      DataScannedInBytes: bytes,
      EngineExecutionTimeInMillis: took,
      TotalExecutionTimeInMillis: took,
    },
    EngineVersion: { EffectiveEngineVersion: workgroup.engineVersion },
  };
}

const describedWorkgroup = ({ name, isEnforced, outputLocation, cutoff }: WorkgroupPlan): object => ({
  ...{ Name: name, State: "ENABLED" },
  Configuration: {
    EnforceWorkGroupConfiguration: isEnforced,
    ResultConfiguration: { OutputLocation: outputLocation },
    ...(cutoff !== undefined && { BytesScannedCutoffPerQuery: cutoff }),
  },
});

const describedQuery = ({ id, name, database, query, workgroup, description }: NamedQueryPlan): object => ({
  ...{ NamedQueryId: id, Name: name, Database: database, QueryString: query, WorkGroup: workgroup },
  ...(description !== undefined && { Description: description }),
});

const describedColumn = ({
  name,
  type,
  precision,
}: {
  name: string;
  type: string;
  precision: number;
}): object => ({
  ...{ CatalogName: "hive", SchemaName: "", TableName: "", Name: name, Label: name, Type: type },
  ...{ Precision: precision, Scale: 0, Nullable: "UNKNOWN", CaseSensitive: type === "varchar" },
});
