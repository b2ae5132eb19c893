import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { AwsClients, type ClientService } from "#local/delivery/clients.ts";
import { Courier } from "#local/delivery/courier.ts";
import { EventSources } from "#local/event-sources/event-sources.ts";
import { LambdaService } from "#local/lambda/service.ts";
import type { PlanResource } from "#local/plan/plan.ts";
import { close, listen } from "#local/process/http-server.ts";
import { functionResource, planOf, resource } from "./handmade-plan.ts";
import { ends, taskRoot } from "./lambda-harness.ts";

const waitMsMax = 20_000;
const waitPollMs = 10;

/** What a function is told to do with an event: throw, or return something. */
interface Behaviour {
  readonly error?: string;
  readonly result?: unknown;
}

/** The parts of events that tests look into. */
export interface TestEvent {
  readonly Records: readonly TestRecord[];
  readonly window?: { readonly start: string; readonly end: string };
  readonly state?: Readonly<Record<string, number>>;
  readonly isFinalInvokeForWindow?: boolean;
}

interface TestRecord {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly eventID: string;
  readonly dynamodb: {
    readonly Keys: { readonly pk: { readonly S: string } };
    readonly NewImage?: { readonly n?: { readonly N: string } };
    readonly SequenceNumber: string;
  };
  readonly kinesis: {
    readonly partitionKey: string;
    readonly sequenceNumber: string;
    readonly data: string;
  };
}

/** What `event-functions.ask` talks to. */
export interface Recorder<Event = TestEvent> {
  readonly url: string;
  /** Every event that a function got, in order of arrival. */
  readonly events: Event[];
}

/** Records events, and lets the test say what the function does with each; the function waits for that. */
export async function recorder<Event = TestEvent>(
  behave: (event: Event, index: number) => Behaviour | Promise<Behaviour> = () => ({}),
): Promise<Recorder<Event>> {
  const events: Event[] = [];
  const server = createServer(async (request, response) => {
    const event = JSON.parse(await text(request));
    const index = events.push(event) - 1;
    response.end(JSON.stringify(await behave(event, index)));
  });
  const port = await listen(server, 0);
  ends.push(() => close(server, 0));
  return { url: `http://127.0.0.1:${port}`, events };
}

/** A function that does what the recorder says. */
export function askingFunction(
  name: string,
  url: string,
  inputs: Readonly<Record<string, unknown>> = {},
): PlanResource {
  return functionResource(name, "event-functions.ask", {
    environment: { variables: { RECORDER_URL: url } },
    ...inputs,
  });
}

export function mappingResource(name: string, inputs: Readonly<Record<string, unknown>>): PlanResource {
  return resource("aws:lambda/eventSourceMapping:EventSourceMapping", name, inputs);
}

export interface RunningSources {
  readonly lambda: LambdaService;
  readonly sources: EventSources;
  readonly clients: AwsClients;
  readonly warnings: string[];
  stop(): Promise<void>;
}

/** The functions and event source mappings of a handmade plan, on emulators that run already. */
export function runSources(
  resources: readonly PlanResource[],
  endpoints: Partial<Readonly<Record<ClientService, string>>>,
  options: {
    readonly checkpointsPath?: string;
    /** Milliseconds between two looks at what brings nothing, at most; the services' own when left out. */
    readonly idleMsMax?: number;
    /** For endpoints that check signatures. */
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  } = {},
): RunningSources {
  const plan = planOf(resources);
  const warnings: string[] = [];
  const warn = (line: string): void => void warnings.push(line);
  const clients = new AwsClients({
    region: "eu-west-1",
    endpointOf: (service) => endpoints[service] ?? "http://127.0.0.1:1",
    credentialsOf: () => options.credentials ?? { accessKeyId: "test", secretAccessKey: "test" },
  });
  const courier = new Courier({
    clients,
    refuse: () => undefined,
    invokeLater: (functionArn, payload) => void lambda.invokeLater(functionArn, payload),
    putEvent: () => Promise.reject(new Error("this harness has no event bus")),
  });
  const lambda = new LambdaService({
    plan,
    taskRoot,
    environmentOf: () => ({ AWS_ACCESS_KEY_ID: "LKIA1", AWS_ENDPOINT_URL: "http://127.0.0.1:1" }),
    log: () => undefined,
    events: { deliver: (delivery) => courier.deliver(delivery), warn },
  });
  const deliver = (parcel: Parameters<Courier["deliver"]>[0]) => courier.deliver(parcel);
  const sources = new EventSources({ plan, lambda, clients, deliver, warn, ...options });
  sources.start();
  const stop = async (): Promise<void> => {
    await sources.stop();
    await lambda.stop();
    clients.stop();
  };
  ends.push(stop);
  return { lambda, sources, clients, warnings, stop };
}

/** Waits until a condition holds. Throws when it does not in 20 s. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + waitMsMax;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it never came to this: ${what}`);
    await sleep(waitPollMs);
  }
}
