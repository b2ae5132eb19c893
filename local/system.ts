import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bankFolder } from "#core/settlement/bank-movement.ts";
import { deliveryAccess } from "./deliverers.ts";
import type { RefuseSender } from "./delivery/courier.ts";
import { toFunctions } from "./delivery/notification.ts";
import { CallLog, type CallRecord } from "./door/call-log.ts";
import { CredentialRegistry } from "./door/credentials.ts";
import { type Door, openDoor } from "./door/door.ts";
import { Faults } from "./door/faults.ts";
import { Meter } from "./door/meter.ts";
import { withStreamNames } from "./dynamodb/stream-names.ts";
import { tablePlansOf } from "./dynamodb/tables.ts";
import { credentialsOf, type Endpoints, endpointsFile } from "./endpoints.ts";
import { runEngines } from "./engines.ts";
import type { EventSources } from "./event-sources/event-sources.ts";
import { openEvents, type RunningEvents, telling } from "./events.ts";
import { functionEnvironments } from "./functions-environment.ts";
import { type Hosts, sandboxAcquirersIn } from "./hosts.ts";
import { ifInvokable } from "./http-api/admission.ts";
import { apiOf } from "./http-api/api-definition.ts";
import { behindEdge, edgeRules } from "./http-api/edge.ts";
import { HttpApiGateway } from "./http-api/gateway.ts";
import { type HttpApiServer, serveHttpApi } from "./http-api/server.ts";
import { decisionLog } from "./iam/decision-log.ts";
import { messageOf } from "./iam/denial.ts";
import { Guard } from "./iam/guard.ts";
import { checkDeployable, undeliverableIn } from "./iam/start-checks.ts";
import { PoolClients, scopesOf } from "./issuer/clients.ts";
import { type Issuer, startIssuer } from "./issuer/issuer.ts";
import { userPoolEngine } from "./issuer/user-pool.ts";
import { kmsEngine } from "./kms/engine.ts";
import { loadKeys } from "./kms/keys.ts";
import { keyPlansOf } from "./kms/plan.ts";
import { functionsOf } from "./lambda/function-definition.ts";
import { type FunctionLogLine, LambdaService } from "./lambda/service.ts";
import { lambdaMeter } from "./meter/lambda.ts";
import { serviceMeters } from "./meter/service-meters.ts";
import { sendingMeter } from "./meter/sns.ts";
import { executionMeter } from "./meter/states.ts";
import { loadPlan } from "./plan/load.ts";
import type { Plan } from "./plan/plan.ts";
import { sourceHash } from "./plan/source-hash.ts";
import {
  apiEndpointOf,
  costBpOf,
  hostsOf,
  merchantsTableOf,
  namesForPeople,
  userPoolOf,
} from "./plan-facts.ts";
import { deploymentPlansOf, jobPlansOf } from "./pods/pod-plan.ts";
import { runPods } from "./pods/pods.ts";
import { lockState } from "./process/lock.ts";
import type { Refusal } from "./process/refusal.ts";
import { watch } from "./process/watch.ts";
import type { AwsEndpoints } from "./remote/endpoints.ts";
import { findRemotes, type Remotes } from "./remote/remotes.ts";
import { type AnsweredRequest, traced } from "./request-log.ts";
import { type Sandbox, tellWhereToDeliver, tellWhereToNotify } from "./sandbox.ts";
import { seed } from "./seed.ts";
import { serviceCalls } from "./service-calls.ts";
import { type RunningDynamoDb, runDynamoDb, runSandboxes, together } from "./services.ts";
import { ifAdmitted } from "./sns/admission.ts";
import { type StatePaths, statePaths, wipe } from "./state.ts";
import { stepFunctionsOf } from "./step-functions.ts";
import type { StepFunctionsService } from "./stepfunctions/service.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Shared by all systems of this checkout: it depends on the sources only, and survives `fresh`. */
const compileCacheDirectory = join(root, ".local", "compile-cache");
/** About 5 MB; at a dozen calls each, the latest 800 payments. */
const rememberedCallsMax = 10_000;
/** Requests under way have this long to end when the system stops. */
const drainMsMax = 3_000;

export interface SystemOptions {
  /** What to run. Default: the lock of the stage `local`, which must be fresh. */
  readonly plan?: Plan;
  /** Where handlers are loaded from. Default: this repository. A folder of bundles runs what AWS would load. */
  readonly taskRoot?: string;
  /** Port of the HTTP API; 0 picks a free one. */
  readonly port: number;
  /** Where state survives restarts: `.local`. */
  readonly stateDirectory: string;
  /** Forget what earlier runs stored. */
  readonly fresh?: boolean;
  /** Added by the sandbox acquirers to each of their answers, in milliseconds. Default 1. */
  readonly acquirerLatencyMs?: number;
  /** Other emulators, for the services that they have. None when left out. */
  readonly awsEndpoints?: AwsEndpoints;
  /** URL of a Valkey or Redis, in place of the small one in here. */
  readonly cacheUrl?: string | undefined;
  /** URL of a PostgreSQL, in place of the one that comes with this. */
  readonly postgresUrl?: string | undefined;
  /** Run the plan's pods, and the database that they alone use. Default true. */
  readonly pods?: boolean;
  /** Start an environment of each function ahead of its first invocation. Default true. */
  readonly warm?: boolean;
  /** A file that each decision of IAM is appended to, for `npm run iam:report`. */
  readonly iamLog?: string | undefined;
  /** What a person should know. One line each. */
  readonly warn: (line: string) => void;
  readonly functionLog?: (line: FunctionLogLine) => void;
  /** Told of each answered request of the API, with the AWS calls that it made. */
  readonly requestLog?: (request: AnsweredRequest, calls: () => readonly CallRecord[]) => void;
}

/** A running local cloud. */
export interface System {
  readonly plan: Plan;
  readonly endpoints: Endpoints;
  readonly calls: CallLog;
  /** What goes wrong between functions and AWS: nothing, unless a test injects it. */
  readonly faults: Faults;
  /** What AWS would bill. */
  readonly meter: Meter;
  /** Settles when a part of it died that it cannot be without. Never rejects. */
  readonly failed: Promise<Refusal>;
  /** Brings what is on the streams into the archive and the lake, and does not wait for more. */
  deliver(): Promise<unknown>;
  /** Ends everything that it started. */
  stop(): Promise<void>;
}

/** What the others stand on. `started` knows how to end each part, in the reverse order of their starts. */
interface Ground {
  readonly options: SystemOptions;
  readonly plan: Plan;
  readonly paths: StatePaths;
  readonly clients: PoolClients;
  readonly credentials: CredentialRegistry;
  readonly calls: CallLog;
  readonly guard: Guard;
  readonly faults: Faults;
  readonly meter: Meter;
  readonly door: Door;
  readonly remotes: Remotes;
  readonly started: AsyncDisposableStack;
}

/**
 * Runs the estate's local plan on this machine.
 * @throws Refusal when it cannot: its one line says what to do.
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  // Not `await using`: the dependency cruiser cannot read it yet, and would pass over this file.
  const started = new AsyncDisposableStack();
  try {
    return await startAll(options, started);
  } finally {
    // Ends what had started when something refused. A system that runs has moved it all out.
    await started.disposeAsync();
  }
}

async function startAll(options: SystemOptions, started: AsyncDisposableStack): Promise<System> {
  const ground = await prepare(options, started);
  const { plan, paths, door, remotes, credentials, calls, clients, faults, meter } = ground;
  const refuse = refusalsOf(ground);
  // Who reads streams comes after the engines: until then nobody has to be woken.
  let wake: EventSources["wake"] = () => undefined;
  const [[dynamoDb, issuer, sandboxes], engines] = await together(
    startServices(ground),
    runEngines(
      {
        ...{ ...options, plan, door, paths, remotes, refuse },
        credentialsOf: (roleArn, more) => credentials.issueTo(roleArn, more),
        written: () => wake("stream"),
        onSent: sendingMeter(meter),
      },
      started,
    ),
  );
  const hosts = hostsOf(plan, issuer, sandboxes);
  const { lambda, events, stepFunctions } = runFunctions(ground, hosts);
  const invokeLater = toFunctions((functionArn, payload) => void lambda.invokeLater(functionArn, payload));
  engines.topics?.connect("lambda", ifAdmitted(refuse, "lambda:InvokeFunction", invokeLater));
  wake = (kind) => events.sources.wake(kind);
  door.serve(telling(withStreamNames(dynamoDb.engine, plan, dynamoDb.expired), () => wake("table_stream")));

  // Before the first function starts: some are told where the API is.
  const seeded = Promise.withResolvers<void>();
  const server = await openApi(ground, lambda, seeded.promise);
  hosts.set(apiEndpointOf(plan), server.url);

  const operator = credentials.issueTo(undefined);
  const api = { endpoint: door.url, region: plan.region };
  const merchantsTable = merchantsTableOf(functionsOf(plan));
  await together(
    seed({ ...api, credentials: operator, merchantsTable, clients: clients.seeded }),
    warm(lambda, options),
  );
  await startPods(ground, engines.postgresUrl);
  events.start();
  engines.buckets?.notify(events.tell);
  stepFunctions.resume();
  seeded.resolve();
  await together(
    tellWhereToNotify(sandboxes, server.url),
    tellWhereToDeliver(sandboxes, (name) => deliveryAccess(ground, name), deliveryAccess(ground, bankFolder)),
  );

  const file = endpointsFile(paths.endpoints);
  const endpoints: Endpoints = {
    api: server.url,
    issuer: issuer.url,
    token_url: issuer.tokenUrl,
    acquirers: sandboxes.map(({ url }) => url),
    dynamodb: dynamoDb.endpoint,
    ...(engines.postgresUrl !== undefined && { postgres: engines.postgresUrl }),
    ...(engines.cacheUrl !== undefined && { cache: engines.cacheUrl }),
    ...(engines.topics !== undefined && { mail: resolve(paths.mail) }),
    ...credentialsOf(clients.seeded),
    aws: { ...api, access_key_id: operator.accessKeyId, secret_access_key: operator.secretAccessKey },
    pid: process.pid,
  };
  file.write(endpoints);
  started.defer(() => file.remove());

  const children = [dynamoDb.child, ...sandboxes.map(({ child }) => child), ...engines.children];
  const { failed, calm } = watch(children.filter((child) => child !== undefined));
  started.defer(calm);
  const running = started.move();
  const { deliver } = engines;
  return { plan, endpoints, calls, faults, meter, failed, deliver, stop: () => running.disposeAsync() };
}

/** After the rest: what they ask of AWS has to be there. */
async function startPods(
  { options, plan, credentials, door, started }: Ground,
  postgresUrl: string | undefined,
): Promise<void> {
  const { pods = true, functionLog } = options;
  if (!pods) return;
  const access = { root, endpoint: door.url, postgresUrl, compileCacheDirectory };
  const credentialsOf = (roleArn: string) => credentials.issueTo(roleArn);
  const log = (functionName: string, line: string) =>
    functionLog?.({ functionName, requestId: undefined, line });
  const plans = { jobs: jobPlansOf(plan), deployments: deploymentPlansOf(plan) };
  await runPods({ ...access, ...plans, credentialsOf, log }, started);
}

async function prepare(options: SystemOptions, started: AsyncDisposableStack): Promise<Ground> {
  const plan = options.plan ?? loadPlan(root, sourceHash);
  const paths = statePaths(options.stateDirectory);
  started.defer(lockState(options.stateDirectory));
  if (options.fresh === true) wipe(paths);
  const { warn, fresh = false, awsEndpoints: endpoints = { of: {} } } = options;
  const remotes = await findRemotes({ plan, endpoints, fresh, warn });
  const clients = new PoolClients(paths.clients, scopesOf(plan));
  const keyPlans = keyPlansOf(plan);
  const keys = loadKeys(paths.kms, keyPlans, Date.now());

  const credentials = new CredentialRegistry();
  const calls = new CallLog(rememberedCallsMax);
  const guard = new Guard(plan, options.iamLog === undefined ? undefined : decisionLog(options.iamLog));
  checkDeployable(plan, guard);
  for (const line of undeliverableIn(plan, new Guard(plan))) options.warn(line);
  const faults = new Faults();
  const meter = new Meter();
  const door = await openDoor({
    ...{ credentials, log: calls, guard, faults, meter, serviceMeters },
    warn: options.warn,
    port: 0,
    nameOf: namesForPeople(plan, keyPlans),
  });
  started.defer(() => door.stop());
  door.serve(kmsEngine(keys));
  door.serve(
    userPoolEngine({ poolId: userPoolOf(plan).id, scopes: scopesOf(plan), clients, clock: Date.now }),
  );
  return { options, plan, paths, clients, credentials, calls, guard, faults, meter, door, remotes, started };
}

/** What needs nothing of the others, all at once. */
async function startServices(
  ground: Ground,
): Promise<readonly [RunningDynamoDb, Issuer, readonly Sandbox[]]> {
  const { options, plan, paths, remotes, clients, started } = ground;
  const functions = functionsOf(plan);
  const variables = functions.flatMap((definition) => Object.values(definition.variables));
  const startIssuerOf = async (poolId: string): Promise<Issuer> => {
    const issuer = await startIssuer({ statePath: paths.issuer, poolId, clients, warn: options.warn });
    started.defer(() => issuer.stop());
    return issuer;
  };
  const services = await together(
    runDynamoDb(
      {
        databaseFile: paths.dynamodb,
        expiredFile: paths.expired,
        endpoint: remotes.get("dynamodb")?.access.endpoint,
        region: plan.region,
        tables: tablePlansOf(plan),
        fresh: options.fresh === true,
        warn: options.warn,
      },
      started,
    ),
    startIssuerOf(userPoolOf(plan).id),
    runSandboxes(
      {
        names: sandboxAcquirersIn(variables),
        costBpOf: (name) => costBpOf(functions, name),
        latencyMs: options.acquirerLatencyMs ?? 1,
        stateDirectory: paths.acquirers,
        compileCacheDirectory,
      },
      started,
    ),
  );
  return services;
}

/** The plan's functions, the state machines that call them, and the events that reach them. */
function runFunctions(
  ground: Ground,
  hosts: Hosts,
): {
  readonly lambda: LambdaService;
  readonly events: RunningEvents;
  readonly stepFunctions: StepFunctionsService;
} {
  const { options, plan, paths, credentials, guard, meter, door, started } = ground;
  const refuse = refusalsOf(ground);
  const opened = openEvents({ plan, door, credentials, paths, refuse, warn: options.warn }, started);
  const lambda = new LambdaService({
    plan,
    taskRoot: options.taskRoot ?? root,
    environmentOf: functionEnvironments(credentials, door.url, hosts),
    log: options.functionLog ?? (() => undefined),
    compileCacheDirectory,
    onInvoked: lambdaMeter(meter),
    events: opened.invocationPorts,
  });
  started.defer(() => lambda.stop());
  door.serve(lambda);
  const credentialsOf = (roleArn: string) => credentials.issueTo(roleArn);
  const services = serviceCalls({ url: door.url, region: plan.region, credentialsOf });
  started.defer(() => services.stop());
  const events = opened.connect(lambda);
  const stepFunctions = stepFunctionsOf(plan, lambda, guard, {
    services,
    storeFile: paths.stepfunctions,
    onBilled: executionMeter(meter),
    onStatusChange: (change) => events.announce(change),
  });
  started.defer(() => stepFunctions.close());
  door.serve(stepFunctions);
  started.defer(() => events.stop());
  return { lambda, events, stepFunctions };
}

/** What IAM says to services that bring something. */
const refusalsOf =
  ({ guard }: Pick<Ground, "guard">): RefuseSender =>
  (sender, action, targetArn) => {
    const denial = guard.refuseDelivery(sender, action, targetArn);
    return denial && messageOf(denial);
  };

async function warm(lambda: LambdaService, { warn, warm: wanted = true }: SystemOptions): Promise<void> {
  if (!wanted) return;
  const names = lambda.functions.map(({ name }) => name);
  for (const { functionName, payload } of await lambda.warm(names, 1)) {
    warn(`${functionName} cannot be loaded: ${payload}`);
  }
}

/** Listens at once; requests wait until the system is `ready`. */
async function openApi(
  { options, plan, calls, guard, started }: Ground,
  lambda: LambdaService,
  ready: Promise<void>,
): Promise<HttpApiServer> {
  const gateway = new HttpApiGateway({
    api: apiOf(plan),
    invoke: ifInvokable(refusalsOf({ guard }), (arn, payload, how) =>
      ready.then(() => lambda.invoke(arn, payload, how)),
    ),
    clock: Date.now,
    warn: options.warn,
  });
  const tell = (request: AnsweredRequest): void =>
    options.requestLog?.(request, () => calls.ofTrace(request.trace));
  const layer = behindEdge(traced(gateway, Date.now, tell), edgeRules);
  const server = await serveHttpApi({ layer, port: options.port, warn: options.warn });
  started.defer(() => server.stop(drainMsMax));
  return server;
}
