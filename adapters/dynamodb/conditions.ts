/** What must be true of an item that is about to be written over. */
export interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeValues?: Record<string, { N: string }>;
}

export const nothingStored: Condition = { ConditionExpression: "attribute_not_exists(pk)" };

/** It is still at the version that the change was decided on. */
export const isAt = (before: { readonly version: number }): Condition => ({
  ConditionExpression: "version = :version",
  ExpressionAttributeValues: { ":version": { N: String(before.version) } },
});
