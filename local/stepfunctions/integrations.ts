import { isJsonObject, type Json, type JsonObject, setMember } from "./json.ts";
import type { ServiceOutcome } from "./service-invoker.ts";

/** One API action that a Task state may call, and how Step Functions shows its result and its errors. */
export interface Integration {
  /** As events name it: `sqs`, `aws-sdk:dynamodb`. */
  readonly resourceType: string;
  /** As events name it: `sendMessage`. */
  readonly resource: string;
  /** Signing name of the service. */
  readonly service: string;
  /** `SendMessage` */
  readonly action: string;
  readonly naming: Naming;
}

/** How a service's errors and members are called. The optimized integrations speak as version 1 of the Java SDK. */
interface Naming {
  readonly sdk: "v1" | "v2";
  /** Before the error's name: `DynamoDB`. */
  readonly prefix: string;
  /** In the cause. */
  readonly client: string;
  /** Error of everything that the API's model does not name. */
  readonly base: string;
  /** Members that take any JSON and send its text. */
  readonly texts: readonly string[];
  /** The API writes its members in camel case, and Step Functions does not. */
  readonly camelCase?: true;
  /** The result has no HTTP metadata. */
  readonly bare?: true;
}

const v1 = (prefix: string, client: string, base: string, texts: readonly string[] = []): Naming => ({
  sdk: "v1",
  prefix,
  client,
  base,
  texts,
});
const v2 = (prefix: string, texts: readonly string[] = []): Naming => ({
  sdk: "v2",
  prefix,
  client: prefix,
  base: `${prefix}Exception`,
  texts,
  bare: true,
});

interface Service {
  readonly service: string;
  readonly actions?: readonly string[];
  readonly naming: Naming;
}

const optimized: Readonly<Record<string, Service>> = {
  dynamodb: {
    service: "dynamodb",
    actions: ["deleteItem", "getItem", "putItem", "updateItem"],
    naming: v1("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"),
  },
  events: {
    service: "events",
    actions: ["putEvents"],
    naming: { ...v1("EventBridge", "AmazonEventBridge", "AmazonEventBridgeException"), bare: true },
  },
  sns: {
    service: "sns",
    actions: ["publish"],
    naming: v1("SNS", "AmazonSNS", "AmazonSNSException", ["Message"]),
  },
  sqs: {
    service: "sqs",
    actions: ["sendMessage"],
    naming: v1("SQS", "AmazonSQS", "AmazonSQSException", ["MessageBody"]),
  },
  states: {
    service: "states",
    actions: ["startExecution"],
    naming: {
      ...v1("StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException", ["Input"]),
      camelCase: true,
    },
  },
};

/** Services that speak AWS JSON: the others' parameters would have to be mapped one by one. */
const sdk: Readonly<Record<string, Service>> = {
  dynamodb: { service: "dynamodb", naming: v2("DynamoDb") },
  eventbridge: { service: "events", naming: v2("EventBridge", ["Detail"]) },
  kinesis: { service: "kinesis", naming: v2("Kinesis") },
  kms: { service: "kms", naming: v2("Kms") },
  secretsmanager: { service: "secretsmanager", naming: v2("SecretsManager") },
  sfn: { service: "states", naming: { ...v2("Sfn", ["Input", "Output"]), camelCase: true } },
  sqs: { service: "sqs", naming: v2("Sqs", ["MessageBody"]) },
};

const resourcePattern = /^arn:aws[a-z-]*:states:::(aws-sdk:)?([a-z0-9-]+):([a-z][A-Za-z0-9]*)$/;

/** The integration that a Task's Resource names, without any `.waitForTaskToken`. */
export function integrationOf(resource: string): Integration | undefined {
  const [, sdkPart, name = "", action = ""] = resourcePattern.exec(resource) ?? [];
  const table = sdkPart === undefined ? optimized : sdk;
  const service = Object.hasOwn(table, name) ? table[name] : undefined;
  if (service === undefined || service.actions?.includes(action) === false) return undefined;
  return {
    resourceType: `${sdkPart ?? ""}${name}`,
    resource: action,
    service: service.service,
    action: capital(action),
    naming: service.naming,
  };
}

/**
 * The call's input as the API wants it.
 * @param sources ARNs of the execution and its state machine, which Step Functions adds to the events that it puts
 */
export function wireParameters(
  { action, naming, service }: Integration,
  parameters: JsonObject,
  sources: readonly string[],
): JsonObject {
  const wire: Record<string, Json> = {};
  for (const [key, value] of Object.entries(parameters)) {
    const text = naming.texts.includes(key) && value !== null && typeof value !== "string";
    setMember(wire, naming.camelCase ? small(key) : key, text ? JSON.stringify(value) : value);
  }
  const entries = wire["Entries"];
  if (service === "events" && action === "PutEvents" && Array.isArray(entries)) {
    wire["Entries"] = entries.map((entry) => wireEntry(entry, naming.sdk === "v1" ? sources : []));
  }
  return wire;
}

function wireEntry(entry: Json, sources: readonly string[]): Json {
  if (!isJsonObject(entry)) return entry;
  const { Detail: detail, Resources: resources } = entry;
  return {
    ...entry,
    ...(detail === undefined || typeof detail === "string" ? {} : { Detail: JSON.stringify(detail) }),
    ...(sources.length === 0
      ? {}
      : { Resources: [...(Array.isArray(resources) ? resources : []), ...sources] }),
  };
}

/** The result's members as Step Functions shows them, without metadata. */
export function shownOutput({ naming }: Integration, output: JsonObject): JsonObject {
  return shown(output, naming) as JsonObject;
}

const timestampMember = /(?:Date|DateTime|Timestamp)$/;

function shown(value: Json, naming: Naming): Json {
  if (Array.isArray(value)) return value.map((item) => shown(item, naming));
  if (!isJsonObject(value)) return value;
  const copy: Record<string, Json> = {};
  for (const [key, member] of Object.entries(value)) {
    const name = naming.camelCase ? capital(key) : key;
    const isTime = typeof member === "number" && timestampMember.test(key);
    setMember(copy, name, isTime ? shownTime(member, naming) : shown(member, naming));
  }
  return copy;
}

function shownTime(epochSeconds: number, { sdk: version }: Naming): Json {
  const epochMs = Math.round(epochSeconds * 1_000);
  return version === "v1" ? epochMs : new Date(epochMs).toISOString();
}

// These are errors of every AWS API, and no SDK has a class of its own for them.
const unmodeled: ReadonlySet<string> = new Set([
  ...["AccessDenied", "AccessDeniedException", "IncompleteSignature", "IncompleteSignatureException"],
  ...["InternalFailure", "InternalServerError", "InvalidSignatureException", "MissingAuthenticationToken"],
  ...["MissingAuthenticationTokenException", "MissingParameter", "RequestEntityTooLargeException"],
  ...["SerializationException", "ServiceUnavailable", "ThrottlingException", "UnknownOperationException"],
  ...["UnrecognizedClientException", "ValidationError", "ValidationException"],
]);

/** Error and cause of a call that its service refused. */
export function refusalOf(
  { naming }: Integration,
  refused: Extract<ServiceOutcome, { readonly kind: "refused" }>,
): { readonly error: string; readonly cause: string } {
  const { error: code, message, statusCode, requestId } = refused;
  const { prefix, client, base } = naming;
  const name = unmodeled.has(code) ? base : code.endsWith("Exception") ? code : `${code}Exception`;
  const details =
    naming.sdk === "v1"
      ? `(Service: ${client}; Status Code: ${statusCode}; Error Code: ${code}; Request ID: ${requestId}; Proxy: null)`
      : `(Service: ${client}, Status Code: ${statusCode}, Request ID: ${requestId}) (SDK Attempt Count: 1)`;
  return { error: `${prefix}.${name}`, cause: `${message} ${details}` };
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
const small = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
