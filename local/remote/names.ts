/**
 * What the plan calls a thing, and what another emulator calls it: an emulator has an account and addresses of its
 * own. Beginnings of ARNs and URLs, so that one pair serves all queues.
 */
export type Names = readonly (readonly [plan: string, remote: string])[];

/** Members of calls and answers that are the caller's own: whatever stands in them goes through as it is. */
const opaque = new Set(["Body", "Data", "MessageAttributes", "MessageBody", "PartitionKey", "ReceiptHandle"]);

export const toRemote = (text: string, names: Names): string =>
  names.reduce((renamed, [plan, remote]) => renamed.replaceAll(plan, remote), text);

export const toPlan = (text: string, names: Names): string =>
  names.reduce((renamed, [plan, remote]) => renamed.replaceAll(remote, plan), text);

/** Renames in every text of a JSON value that is not opaque. */
export function renamed(value: unknown, rename: (text: string) => string): unknown {
  if (typeof value === "string") return rename(value);
  if (Array.isArray(value)) return value.map((each) => renamed(each, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, held]) => [
      member,
      opaque.has(member) ? held : renamed(held, rename),
    ]),
  );
}

/** Account and region of an ARN, up to the colon behind them: `arn:aws:sqs:eu-west-1:123456789012:`. */
export const arnBaseOf = (arn: string): string => arn.split(":", 5).join(":").concat(":");
