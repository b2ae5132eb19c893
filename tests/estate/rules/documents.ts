/** One statement of an IAM policy, as the plans hold it. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action?: string | readonly string[];
  readonly NotAction?: unknown;
  readonly Resource?: string | readonly string[];
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** Documents are JSON in a lock, and text in a plan that is fresh from the renderer. */
export function statementsIn(document: unknown): readonly Statement[] {
  const parsed = (typeof document === "string" ? JSON.parse(document) : document) as
    | { Statement?: Statement | readonly Statement[] }
    | undefined;
  return [parsed?.Statement ?? []].flat();
}

/** The statements of a role's own policies. */
export const grantsOf = (role: {
  readonly inlinePolicies?: readonly { readonly policy?: unknown }[];
}): readonly Statement[] => (role.inlinePolicies ?? []).flatMap(({ policy }) => statementsIn(policy));

/** Whether a statement of a resource's policy lets anyone in, without a condition. */
export function isPublic({ Effect, Principal, Condition }: Statement): boolean {
  if (Effect !== "Allow" || Condition !== undefined) return false;
  if (Principal === "*") return true;
  const { AWS } = (Principal ?? {}) as { AWS?: string | readonly string[] };
  return listOf(AWS).includes("*");
}
