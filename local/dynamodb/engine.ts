import type { Engine } from "../door/engine.ts";
import { hopTo } from "../remote/hop.ts";

/**
 * Emulators want a scope and check no signature. It must be the same for everyone: DynamoDB Local keeps a database
 * per access key, and each function has its own. The region is one of AWS's: moto keeps tables by it.
 */
const authorizationIn = (region: string): string =>
  `AWS4-HMAC-SHA256 Credential=tallystick/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0`;

export interface DynamoDbEngine extends Engine {
  /** Calls an action from inside this process. @throws DynamoDbFailure when DynamoDB refuses it. */
  call(action: string, input: unknown): Promise<unknown>;
  stop(): void;
}

/** DynamoDB refused a call that the local cloud made itself. */
export class DynamoDbFailure extends Error {
  override readonly name = "DynamoDbFailure";
  /** Name of AWS's exception, without its namespace. */
  readonly exception: string;
  constructor(exception: string, message: string) {
    super(`${exception}: ${message}`);
    this.exception = exception;
  }
}

/** Forwards calls, bodies untouched in both directions, to a server that speaks DynamoDB. */
export function dynamoDbEngine(endpoint: string, region = "eu-west-1"): DynamoDbEngine {
  const authorization = authorizationIn(region);
  const hop = hopTo(endpoint);
  return {
    service: "dynamodb",
    handle: (call) => hop.send({ ...call, headers: { ...call.headers, authorization } }),
    async call(action, input) {
      const body = Buffer.from(JSON.stringify(input));
      const headers = {
        authorization,
        "content-type": "application/x-amz-json-1.0",
        "x-amz-date": "20260101T000000Z",
        "x-amz-target": `DynamoDB_20120810.${action}`,
      };
      const answer = await hop.send({ method: "POST", path: "/", headers, body });
      const output = JSON.parse(answer.body.toString());
      if (answer.statusCode === 200) return output;
      throw new DynamoDbFailure(String(output.__type).replace(/^.*#/, ""), String(output.message));
    },
    stop: () => hop.stop(),
  };
}
