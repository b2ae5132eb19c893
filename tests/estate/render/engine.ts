import { computedBy } from "./computed.ts";
import { dataSource } from "./data-sources.ts";
import { EstateError } from "./errors.ts";
import type { Platform } from "./platform.ts";
import type { App } from "./program.ts";

/** A resource as the program registered it. */
export interface Registration {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Created by a provider. SST's components are not. */
  readonly custom: boolean;
  readonly parent: string | undefined;
  /** File in `stacks/` that asked for it. Undefined for what SST makes for itself. */
  readonly declaredIn: string | undefined;
  readonly inputs: Properties;
  /** What the provider computes: `arn`, `id`, … */
  readonly outputs: Properties;
  readonly options: {
    readonly protect: boolean;
    readonly retainOnDelete: boolean;
    readonly ignoreChanges: readonly string[];
    /** URNs of what it waits for though nothing of it is among its inputs. */
    readonly dependsOn: readonly string[];
  };
}

export type Properties = Readonly<Record<string, unknown>>;

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getCustom(): boolean;
  getParent(): string;
  getObject(): unknown;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getIgnorechangesList(): string[];
  /** All that it waits for; and by which input it waits for what. */
  getDependenciesList(): string[];
  getPropertydependenciesMap(): { forEach(each: (input: { getUrnsList(): string[] }) => void): void };
}

type Callback = (error: Error | null, response?: { getUrn(): string }) => void;

/** The part of Pulumi's SDK that the renderer uses. It comes with SST's platform, without types for us. */
interface PulumiRuntime {
  runInPulumiStack(program: () => Promise<unknown>): Promise<unknown>;
  deserializeProperties(object: unknown): Properties;
  /** Called within the constructor of each resource. */
  registerStackTransformation(transformation: (args: { type: string; name: string }) => undefined): void;
  setMocks(
    mocks: {
      newResource(args: { type: string; name: string; custom?: boolean; inputs: Properties }): object;
      call(args: { token: string; inputs: Properties }): object;
    },
    project: string,
    stack: string,
    preview: boolean,
  ): Promise<void>;
}

interface Monitor {
  newUrn(parent: string | undefined, type: string, name: string): string;
  registerResource(request: RegisterRequest, callback: Callback): void;
}

interface Settings {
  getMonitor(): Monitor;
  waitForRPCs(): Promise<void>;
}

export interface Engine {
  /**
   * Runs a program until all that it registers, also inside `apply()`, is registered.
   * @returns what the program returns: the outputs of the stage.
   */
  run(program: () => Promise<unknown>): Promise<Properties>;
  readonly registrations: readonly Registration[];
}

/** `apply()` of the last answer may register more, which the SDK's queue knows one turn of the event loop later. */
const settleMs = 100;

/**
 * Puts Pulumi's own unit-test mocks in the place of its engine, and adds what they do not offer: the true URNs, the
 * refusal of duplicates, and a record of parents and options.
 * @param caller the account of the deployment's credentials; the stage's own when undefined.
 */
export async function installEngine(
  platform: Platform,
  app: App,
  caller: string | undefined,
): Promise<Engine> {
  const { runtime, output } = platform.require("@pulumi/pulumi") as {
    runtime: PulumiRuntime;
    output(value: unknown): { promise(): Promise<unknown> };
  };
  const settings = platform.require("@pulumi/pulumi/runtime/settings") as Settings;
  leavePromisesUntraced(platform);
  const place = placeOf(app);
  const registrations: Registration[] = [];
  const files = new DeclaringFiles();

  // Not a preview: there, what is registered inside apply() would be skipped.
  const preview = false;
  await runtime.setMocks(
    {
      newResource: ({ type, name, custom, inputs }) => {
        if (custom === false) return { id: undefined, state: inputs };
        const outputs = outputsOf(type, name, revealed(inputs), place);
        return { id: outputs["id"], state: { ...inputs, ...outputs } };
      },
      call: ({ token, inputs }) => dataSource(token, inputs, { ...place, account: caller ?? place.account }),
    },
    app.name,
    app.stage,
    preview,
  );

  const monitor = settings.getMonitor();
  monitor.newUrn = uniqueUrns(app);
  const registerResource = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) =>
    registerResource(request, (error, response) => {
      if (response !== undefined) {
        const declaredIn = files.of(request.getType(), request.getName(), request.getParent());
        registrations.push({ ...recordOf(request, response.getUrn(), runtime, place), declaredIn });
      }
      callback(error, response);
    });

  return {
    registrations,
    run: async (program) => {
      const outputs = await runtime.runInPulumiStack(() => {
        runtime.registerStackTransformation(files.note);
        return program();
      });
      await settings.waitForRPCs();
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      await settings.waitForRPCs();
      return revealed(await output(outputs).promise());
    },
  };
}

interface Debuggable {
  debuggablePromise(promise: Promise<unknown>, context: unknown): Promise<unknown>;
}

/** Pulumi notes on each of its thousands of promises where it was made, which is a third of a render. */
function leavePromisesUntraced(platform: Platform): void {
  const debuggable = platform.require("@pulumi/pulumi/runtime/debuggable") as Debuggable;
  const { debuggablePromise } = debuggable;
  debuggable.debuggablePromise = (promise, context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}

function recordOf(
  request: RegisterRequest,
  urn: string,
  runtime: PulumiRuntime,
  place: Place,
): Omit<Registration, "declaredIn"> {
  const [type, name, custom] = [request.getType(), request.getName(), request.getCustom()];
  const inputs = revealed(runtime.deserializeProperties(request.getObject())) as Properties;
  return {
    urn,
    type,
    name,
    custom,
    parent: request.getParent() || undefined,
    inputs,
    outputs: custom ? outputsOf(type, name, inputs, place) : {},
    options: {
      protect: request.getProtect(),
      retainOnDelete: request.getRetainondelete(),
      ignoreChanges: request.getIgnorechangesList(),
      dependsOn: onlyWaitedFor(request),
    },
  };
}

function onlyWaitedFor(request: RegisterRequest): readonly string[] {
  const used = new Set<string>();
  request.getPropertydependenciesMap().forEach((input) => {
    for (const urn of input.getUrnsList()) used.add(urn);
  });
  return request
    .getDependenciesList()
    .filter((urn) => !used.has(urn))
    .toSorted();
}

/** Which file of `stacks/` creates what. Registrations come later, when their inputs are known, and no longer tell. */
class DeclaringFiles {
  readonly #files = new Map<string, string>();

  readonly note = ({ type, name }: { type: string; name: string }): undefined => {
    const file = declaringFile();
    if (file !== undefined) this.#files.set(`${type} ${name}`, file);
  };

  /** What is created inside `apply()` has lost its callers: it belongs to the file of its parent. */
  of(type: string, name: string, parentUrn: string): string | undefined {
    const [, , parentTypes = "", parentName = ""] = parentUrn.split("::");
    const parent = `${parentTypes.split("$").at(-1) ?? ""} ${parentName}`;
    return this.#files.get(`${type} ${name}`) ?? this.#files.get(parent);
  }
}

/** Files that make things for others: what is to be changed about a thing is where it is asked for. */
const makers = new Set(
  ["buckets", "images", "keys", "log-metrics", "mail-topic", "messaging", "metric", "network-logs"].map(
    (name) => `stacks/${name}.ts`,
  ),
);
/** A function is a table's row: whoever calls for it says no more than its name. */
const functionsAreMadeIn = "stacks/lambda.ts";
const functionsAreDeclaredIn = "stacks/functions.ts";
/** Files that call all others. */
const composers = new Set(["account", "estate", "organization", "stage"].map((name) => `stacks/${name}.ts`));

/** The innermost caller in `stacks/` that is no maker, with components of SST and Pulumi above it. */
function declaringFile(): string | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const files = [...stack.matchAll(/\/(stacks\/[\w./-]+\.ts):\d+/g)].map(([, file = ""]) => file);
  if (files[0] === functionsAreMadeIn) return functionsAreDeclaredIn;
  return files.find((file) => !makers.has(file) && !composers.has(file)) ?? files[0];
}

/** Where a stage is. */
interface Place {
  readonly region: string;
  readonly account: string;
}

const noAccount = "000000000000";

function placeOf({ providers }: App): Place {
  // A stage that is none has no account either: run() refuses it.
  const { region, allowedAccountIds: [account = noAccount] = [] } = providers["aws"] ?? {};
  if (region === undefined)
    throw new EstateError("sst.config.ts: app() names no region for the aws provider.");
  return { region, account };
}

/** A resource may be in another region than its stage. */
function outputsOf(type: string, name: string, inputs: Properties, place: Place): Properties {
  const region = typeof inputs["region"] === "string" ? inputs["region"] : place.region;
  return computedBy({ type, name, inputs, region, account: place.account });
}

/** URNs as Pulumi's engine makes them: the types of all parents, without the stack's. The mocks' differ. */
function uniqueUrns({ name: project, stage }: App): Monitor["newUrn"] {
  const stackType = "pulumi:pulumi:Stack";
  const known = new Set<string>();
  return (parent, type, name) => {
    const parentType = parent?.split("::")[2];
    const qualified = parentType === undefined || parentType === stackType ? type : `${parentType}$${type}`;
    const urn = `urn:pulumi:${stage}::${project}::${qualified}::${name}`;
    if (known.has(urn))
      throw new EstateError(`Two resources have the URN ${urn}: name one of them differently.`);
    known.add(urn);
    return urn;
  };
}

/** Pulumi marks a secret with this key; its value is beside it. */
const secretMark = "4dabf18193072939515e22adb298388d";

/** Properties without their marks of secrecy. Every value of this render is made up. */
function revealed(value: unknown): Properties {
  return reveal(value) as Properties;
}

function reveal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reveal);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Record<string, unknown>;
  if (secretMark in record) return reveal(record["value"]);
  return Object.fromEntries(Object.entries(record).map(([key, each]) => [key, reveal(each)]));
}
