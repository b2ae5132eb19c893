import type { JsonObject } from "./json.ts";

/** One call of an AWS API by a Task state. */
export interface ServiceCall {
  /** Signing name: `sqs`, `sns`, `events`, `dynamodb`, `states`, … */
  readonly service: string;
  /** `SendMessage` */
  readonly action: string;
  /** The call's input with the member names of the API's JSON form. */
  readonly parameters: JsonObject;
  /** Role that the state machine runs as, and that must allow the call. */
  readonly roleArn: string;
  readonly executionArn: string;
  readonly stateName: string;
  /** 0 for the first call, counting the state's retries. */
  readonly retryCount: number;
}

export type ServiceOutcome =
  | {
      readonly kind: "answered";
      readonly statusCode: number;
      /** With the member names of the API's JSON form; timestamps are epoch seconds. */
      readonly output: JsonObject;
      readonly requestId: string;
      /** For the HTTP metadata that some integrations show. */
      readonly contentLength: number;
      readonly contentType: string;
    }
  | {
      readonly kind: "refused";
      readonly statusCode: number;
      /** The error's code without namespace: `ConditionalCheckFailedException`. */
      readonly error: string;
      readonly message: string;
      readonly requestId: string;
    };

/** Calls AWS services for state machines. Throws only when the call could not be made at all. */
export interface ServiceInvoker {
  call(call: ServiceCall): Promise<ServiceOutcome>;
}
