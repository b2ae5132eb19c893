/** A resource as far as a rule reads it. Its outputs have the id `it` and the ARN `arn:it`. */
export interface Example {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** What breaks a rule, and what keeps it: they differ in what the rule is about. */
export interface Violation {
  readonly rule: string;
  readonly broken: readonly Example[];
  readonly kept: readonly Example[];
}

/** A rule about one resource: the same one, with what breaks the rule and with what keeps it. */
export const either = (
  rule: string,
  type: string,
  broken: Example["inputs"],
  kept: Example["inputs"],
): Violation => ({ rule, broken: [{ type, inputs: broken }], kept: [{ type, inputs: kept }] });

/** A rule about what must be beside a resource. */
export const without = (rule: string, having: Example, wanted: Example): Violation => ({
  rule,
  broken: [having],
  kept: [having, wanted],
});
