import { afterEach, expect, test } from "vitest";
import { CallLog } from "./door/call-log.ts";
import { CredentialRegistry } from "./door/credentials.ts";
import { type Door, openDoor } from "./door/door.ts";
import type { AwsAnswer, AwsCall } from "./door/engine.ts";
import { serviceCalls } from "./service-calls.ts";
import type { ServiceCall } from "./stepfunctions/service-invoker.ts";

const roleArn = "arn:aws:iam::111111111111:role/machine";
const call: ServiceCall = {
  service: "dynamodb",
  action: "GetItem",
  parameters: { TableName: "payments" },
  roleArn,
  executionArn: "arn:aws:states:eu-central-1:111111111111:execution:machine:run",
  stateName: "Get",
  retryCount: 0,
};

let door: Door | undefined;
afterEach(() => door?.stop());

/** A door whose one engine answers as told, and the calls that reached it. */
async function opened(service: string, answer: AwsAnswer) {
  const credentials = new CredentialRegistry();
  const log = new CallLog(10);
  door = await openDoor({ credentials, log, warn: () => undefined, port: 0 });
  const seen: AwsCall[] = [];
  door.serve({
    service,
    handle: async (arrived) => {
      seen.push(arrived);
      return answer;
    },
  });
  const credentialsOf = (role: string) => credentials.issue("machine", role);
  const calls = serviceCalls({ url: door.url, region: "eu-central-1", credentialsOf });
  return { calls, seen, log };
}

const json = (statusCode: number, body: object): AwsAnswer => ({
  statusCode,
  headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "id-1" },
  body: JSON.stringify(body),
});

test("a call reaches its engine through the door, signed by the state machine's role", async () => {
  const { calls, seen, log } = await opened("dynamodb", json(200, { Item: { id: { S: "1" } } }));
  expect(await calls.call(call)).toEqual({
    kind: "answered",
    statusCode: 200,
    output: { Item: { id: { S: "1" } } },
    requestId: "id-1",
    contentLength: 25,
    contentType: "application/x-amz-json-1.0",
  });
  calls.stop();
  expect(seen.map(({ action, caller, body }) => [action, caller.roleArn, String(body)])).toEqual([
    ["GetItem", roleArn, '{"TableName":"payments"}'],
  ]);
  expect(log.recent().map(({ service, action, caller }) => [service, action, caller])).toEqual([
    ["dynamodb", "GetItem", "machine"],
  ]);
});

test("a refusal keeps the name that AWS gives it, without its namespace", async () => {
  const body = { __type: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", message: "no" };
  const { calls } = await opened("dynamodb", json(400, body));
  expect(await calls.call(call)).toEqual({
    ...{ kind: "refused", statusCode: 400, error: "ConditionalCheckFailedException", message: "no" },
    requestId: "id-1",
  });
  calls.stop();
});

test("a service that the local cloud cannot speak to is no answer", async () => {
  const { calls } = await opened("dynamodb", json(200, {}));
  await expect(calls.call({ ...call, service: "glue" })).rejects.toThrow("no client for glue");
  calls.stop();
});
