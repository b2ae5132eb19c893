import type { AwsCall } from "../../door/engine.ts";
import type { AccessRequest } from "../access-request.ts";
import type { EstateFacts } from "../estate.ts";

/**
 * What AWS asks IAM about a call. Undefined when the call names nothing that could be asked about, which no engine
 * executes either: AWS too refuses it for its form first.
 */
export type AccessReader = (call: AwsCall, estate: EstateFacts) => readonly AccessRequest[] | undefined;
