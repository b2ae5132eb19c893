import { Problem } from "./problem.ts";
import type { ApiRequest } from "./request.ts";

/** What the `ETag` of a version is. */
export const tagOf = (version: number): string => `"${version}"`;

/** `If-Match` (RFC 9110, 13.1.1): the caller wants to act on the version that it has seen. @throws Problem 412. */
export function requireMatch({ headers }: Pick<ApiRequest, "headers">, what: string, version: number): void {
  const header = headers["if-match"];
  if (header === undefined || header.trim() === "*") return;
  const tags = header.split(",").map((tag) => tag.trim());
  if (!tags.includes(tagOf(version)))
    throw new Problem("precondition_failed", { detail: `The ${what} is at version ${version}.` });
}

/** For what two people may change at once: neither may write over what it has not seen. @throws Problem 428 or 412. */
export function requireSeen(request: Pick<ApiRequest, "headers">, what: string, version: number): void {
  if (request.headers["if-match"] === undefined)
    throw new Problem("precondition_missing", { detail: `Send the ETag of the ${what} that you have read.` });
  requireMatch(request, what, version);
}
