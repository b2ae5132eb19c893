import { UnsupportedPolicy } from "./unsupported-policy.ts";

/** Whether a text matches. */
export type Pattern = (text: string) => boolean;

/** `${*}`, `${?}` and `${$}` stand for the characters themselves. */
const escapes: ReadonlySet<string> = new Set(["*", "?", "$"]);
const tokens = /\$\{([^}]*)\}|([*?])|([^*?$]+|\$)/g;

/**
 * Text with IAM's wildcards: `*` is any number of characters, `?` is one.
 * @throws UnsupportedPolicy for a policy variable: nothing in the estate uses one.
 */
export function patternOf(text: string, { ignoreCase = false } = {}): Pattern {
  let source = "";
  let isLiteral = true;
  for (const [, variable, wildcard, literal] of text.matchAll(tokens)) {
    if (variable !== undefined) {
      if (!escapes.has(variable)) throw new UnsupportedPolicy(`the policy variable \${${variable}}`);
      source += escaped(variable);
      isLiteral = false;
    } else if (wildcard !== undefined) {
      source += wildcard === "*" ? ".*" : ".";
      isLiteral = false;
    } else source += escaped(literal ?? "");
  }
  if (isLiteral && !ignoreCase) return (value) => value === text;
  const expression = new RegExp(`^${source}$`, ignoreCase ? "is" : "s");
  return (value) => expression.test(value);
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

const arnSegments = 6;

/**
 * An ARN with wildcards. `*` alone is every resource; elsewhere a wildcard stays within its segment, of which the last
 * holds all that is behind the fifth colon.
 */
export function arnPatternOf(text: string): Pattern {
  if (text === "*") return () => true;
  if (!/[*?$]/.test(text)) return (value) => value === text;
  const segments = segmentsOf(text).map((segment) => patternOf(segment));
  return (value) => {
    const parts = segmentsOf(value);
    return parts.length === segments.length && segments.every((matches, n) => matches(parts[n] ?? ""));
  };
}

function segmentsOf(arn: string): readonly string[] {
  const parts = arn.split(":");
  return [...parts.slice(0, arnSegments - 1), parts.slice(arnSegments - 1).join(":")];
}
