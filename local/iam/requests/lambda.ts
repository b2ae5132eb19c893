import type { AccessRequest } from "../access-request.ts";
import type { EstateFacts } from "../estate.ts";
import type { AccessReader } from "./reader.ts";

const functionPath = /^\/\d{4}-\d\d-\d\d\/functions\/([^/?]+)/;

/** Lambda names its actions differently in policies: `Invoke` is `lambda:InvokeFunction`. */
export const lambdaRequests: AccessReader = (call, estate) => {
  const name = functionPath.exec(call.path)?.[1];
  if (name === undefined) {
    return [{ action: `lambda:${call.action}`, resource: "*", context: () => undefined }];
  }
  const qualifier = new URL(call.path, "http://lambda").searchParams.get("Qualifier");
  const reference = decoded(name) + (qualifier === null ? "" : `:${qualifier}`);
  if (call.action === "Invoke") return [invocationOf(reference, estate)];
  const resource = functionArn(reference, estate);
  return [{ action: `lambda:${call.action}`, resource, context: () => undefined }];
};

/** An invocation of a function by its name, partial ARN or ARN, by whoever does it. */
export function invocationOf(reference: string, estate: EstateFacts): AccessRequest {
  return {
    action: "lambda:InvokeFunction",
    resource: functionArn(reference, estate),
    context: () => undefined,
  };
}

function functionArn(reference: string, { region, account }: EstateFacts): string {
  if (reference.startsWith("arn:")) return reference;
  // `<account>:function:<name>` is a function's ARN without its head.
  const name = reference.replace(/^(?:\d{12}:)?function:/, "");
  return `arn:aws:lambda:${region}:${account}:function:${name}`;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
