import { randomUUID } from "node:crypto";
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import type { Credentials } from "./door/credentials.ts";
import { signedPostHeaders } from "./door/sign.ts";
import { currentTrace } from "./door/trace-context.ts";
import { isJsonObject, type Json, type JsonObject } from "./stepfunctions/json.ts";
import type { ServiceCall, ServiceInvoker, ServiceOutcome } from "./stepfunctions/service-invoker.ts";

/** Services that speak AWS JSON: the prefix of their targets, and the protocol's version. */
const jsonServices: Readonly<Record<string, readonly [prefix: string, version: "1.0" | "1.1"]>> = {
  dynamodb: ["DynamoDB_20120810", "1.0"],
  events: ["AWSEvents", "1.1"],
  kinesis: ["Kinesis_20131202", "1.1"],
  kms: ["TrentService", "1.1"],
  secretsmanager: ["secretsmanager", "1.1"],
  sqs: ["AmazonSQS", "1.0"],
  states: ["AWSStepFunctions", "1.0"],
};

/** Longer than any call that a Task waits for; the Task's own TimeoutSeconds may be shorter. */
const callMsMax = 60_000;
const socketsMax = 64;

export interface ServiceCallsOptions {
  /** The door. */
  readonly url: string;
  readonly region: string;
  /** An access key of a role, which state machines call services with. */
  readonly credentialsOf: (roleArn: string) => Credentials;
}

interface Reply {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What state machines call beside Lambda goes through the door as any other call, signed by their roles. */
export function serviceCalls({ url, region, credentialsOf }: ServiceCallsOptions): ServiceInvoker & {
  stop(): void;
} {
  const { host, hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: socketsMax });
  const keys = new Map<string, Credentials>();

  function send(
    call: ServiceCall,
    contentType: string,
    target: string | undefined,
    body: string,
  ): Promise<Reply> {
    const credentials = keys.get(call.roleArn) ?? credentialsOf(call.roleArn);
    keys.set(call.roleArn, credentials);
    const { service } = call;
    const signed = signedPostHeaders(credentials, {
      ...{ service, region, host, contentType, body, now: Date.now() },
    });
    const trace = currentTrace();
    const headers = {
      ...signed,
      "content-length": Buffer.byteLength(body),
      ...(target !== undefined && { "x-amz-target": target }),
      ...(trace !== undefined && { "x-amzn-trace-id": trace }),
    };
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(callMsMax);
      const outgoing = request(
        { hostname, port, method: "POST", path: "/", agent, headers, signal },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            resolve({ statusCode: response.statusCode ?? 502, headers: response.headers, body: text });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  return {
    async call(call) {
      if (call.service === "sns") {
        const form = formOf(call.action, call.parameters);
        return xmlOutcome(
          await send(call, "application/x-www-form-urlencoded", undefined, form),
          call.action,
        );
      }
      const [prefix, version] = jsonServices[call.service] ?? [];
      if (prefix === undefined) throw new Error(`The local cloud has no client for ${call.service}`);
      const target = `${prefix}.${call.action}`;
      const contentType = `application/x-amz-json-${version}`;
      return jsonOutcome(await send(call, contentType, target, JSON.stringify(call.parameters)));
    },
    stop: () => agent.destroy(),
  };
}

function jsonOutcome({ statusCode, headers, body }: Reply): ServiceOutcome {
  const requestId = requestIdOf(headers);
  const parsed: unknown = body === "" ? {} : JSON.parse(body);
  const output: JsonObject = isJsonObject(parsed) ? parsed : {};
  if (statusCode === 200) return answered(statusCode, headers, body, output);
  const type = String(output["__type"] ?? headers["x-amzn-errortype"] ?? "InternalFailure");
  const message = String(output["message"] ?? output["Message"] ?? "");
  return { kind: "refused", statusCode, error: type.replace(/^.*#/, ""), message, requestId };
}

/** SNS answers in XML. Of its actions, Publish alone is an optimized integration. */
function xmlOutcome({ statusCode, headers, body }: Reply, action: string): ServiceOutcome {
  const member = (name: string): string | undefined =>
    new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1];
  if (statusCode === 200) {
    const output: Record<string, Json> = {};
    for (const name of action === "Publish" ? ["MessageId", "SequenceNumber"] : []) {
      const text = member(name);
      if (text !== undefined) output[name] = text;
    }
    return answered(statusCode, headers, body, output);
  }
  // The door's own refusals are JSON.
  if (!body.trimStart().startsWith("<")) return jsonOutcome({ statusCode, headers, body });
  const [error, message] = [member("Code") ?? "InternalFailure", member("Message") ?? ""];
  return { kind: "refused", statusCode, error, message, requestId: requestIdOf(headers) };
}

function answered(
  statusCode: number,
  headers: IncomingHttpHeaders,
  body: string,
  output: JsonObject,
): ServiceOutcome {
  const contentType = headers["content-type"] ?? "application/x-amz-json-1.0";
  const contentLength = Buffer.byteLength(body);
  return {
    kind: "answered",
    statusCode,
    output,
    requestId: requestIdOf(headers),
    contentLength,
    contentType,
  };
}

function requestIdOf(headers: IncomingHttpHeaders): string {
  const id = headers["x-amzn-requestid"];
  return typeof id === "string" ? id : randomUUID();
}

/** The Query protocol's form of an input: lists and maps are numbered from 1. */
function formOf(action: string, parameters: JsonObject): string {
  const form = new URLSearchParams({ Action: action, Version: "2010-03-31" });
  const add = (name: string, value: Json): void => {
    if (value === null) return;
    if (name === "MessageAttributes" && isJsonObject(value)) {
      for (const [index, [key, attribute]] of Object.entries(value).entries()) {
        form.append(`${name}.entry.${index + 1}.Name`, key);
        add(`${name}.entry.${index + 1}.Value`, attribute);
      }
    } else if (isJsonObject(value)) {
      for (const [key, member] of Object.entries(value)) add(`${name}.${key}`, member);
    } else form.append(name, String(value));
  };
  for (const [name, value] of Object.entries(parameters)) add(name, value);
  return form.toString();
}
