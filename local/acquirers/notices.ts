import type { AcquirerOperation } from "#core/acquiring/outcome.ts";
import { derivedId } from "#core/kernel/derived-id.ts";
import type { Entry, Operation } from "./records.ts";
import { wireOf } from "./wire.ts";

const subjects: Readonly<Record<AcquirerOperation, string>> = {
  authorize: "authorization",
  capture: "capture",
  void: "void",
  refund: "refund",
  reversal: "reversal",
};

/** What the client is to be told of an operation that was decided at `now`. */
export const noticeEntry = (acquirer: string, operation: Operation, now: number): Entry =>
  entryOf(acquirer, `${subjects[operation.operation]}.${operation.result}`, wireOf(operation), now);

/** The same news has the same id, however often it is told. */
function entryOf(
  acquirer: string,
  type: string,
  said: Readonly<Record<string, unknown>>,
  now: number,
): Entry {
  const id = `ntf_${derivedId([acquirer, type, String(said["key"])])}`;
  const body = { id, created_at: new Date(now).toISOString(), type, ...said };
  return ["notice", id, { type, body }];
}
