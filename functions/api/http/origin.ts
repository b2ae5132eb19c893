import { createHash, timingSafeEqual } from "node:crypto";
import { Problem } from "./problem.ts";

/** CloudFront sets it on each request to us, over what a caller may have sent under this name. */
const originHeaderName = "x-origin-secret";

/** Of a secret that is worth its name: nobody tries 2^128. */
const secretLengthMin = 32;
/** The one that the edge sends, and the one before it. */
const secretsMax = 2;

/**
 * Makes the check that a request came through the edge, where WAF has seen it. It asks nobody: the secrets came with the
 * deployment (ADR 39).
 * @param variable the secrets that count, with commas between them; undefined where there is no edge, and then each
 *   request passes.
 * @returns what throws Problem 403 for a request that went around the edge.
 * @throws Error for a variable that holds no secret: an edge without a check would be open, and look closed.
 */
export function originCheckOf(
  variable: string | undefined,
): (headers: Readonly<Record<string, string | undefined>>) => void {
  if (variable === undefined) return () => {};
  const digests = parseSecrets(variable).map(digestOf);
  return ({ [originHeaderName]: sent }) => {
    // Digests have one length, and tell no more than whether they are equal: each is compared, to its last byte.
    const digest = digestOf(sent ?? "");
    const matches = digests.filter((known) => timingSafeEqual(known, digest));
    if (matches.length === 0) throw new Problem("edge_bypassed");
  };
}

function parseSecrets(variable: string): readonly string[] {
  const secrets = variable.split(",");
  if (secrets.length > secretsMax || secrets.some(({ length }) => length < secretLengthMin))
    throw new Error(
      `ORIGIN_SECRETS: one or ${secretsMax} secrets of ${secretLengthMin} characters or more, with a comma between them (stacks/origin-secret.ts).`,
    );
  return secrets;
}

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
