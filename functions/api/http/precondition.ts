import { Problem } from "./problem.ts";
import type { ApiRequest } from "./request.ts";

/** The `ETag` of a version: it changes with every change that a reader can see. */
export const tagOf = (version: number): string => `"${version}"`;

/** `If-Match` (RFC 9110, 13.1.1): the caller wants to act on the version that it has seen. @throws Problem 412. */
export function requireMatch(request: Pick<ApiRequest, "headers">, what: string, version: number): void {
  requireTag(request, tagOf(version), `The ${what} is at version ${version}.`);
}

/** The same for what has tags and no versions. `stands` tells the caller what is there. @throws Problem 412. */
export function requireTag({ headers }: Pick<ApiRequest, "headers">, tag: string, stands: string): void {
  const header = headers["if-match"];
  if (header === undefined || header.trim() === "*") return;
  const tags = header.split(",").map((each) => each.trim());
  if (!tags.includes(tag)) throw new Problem("precondition_failed", { detail: stands });
}

/** For what two people may change at once: neither may write over what it has not seen. @throws Problem 428 or 412. */
export function requireSeen(request: Pick<ApiRequest, "headers">, what: string, version: number): void {
  if (request.headers["if-match"] === undefined)
    throw new Problem("precondition_missing", { detail: `Send the ETag of the ${what} that you have read.` });
  requireMatch(request, what, version);
}
