import { Problem } from "./problem.ts";
import type { ApiRequest } from "./request.ts";

/** Honours If-Match (RFC 9110). @throws Problem 412 when what stands there has another tag than the caller names. */
export function requireMatch({ headers }: ApiRequest, tag: string, stands: string): void {
  const header = headers["if-match"];
  if (header === undefined || header.trim() === "*") return;
  const tags = header.split(",").map((each) => each.trim());
  if (!tags.includes(tag)) throw new Problem("precondition_failed", { detail: stands });
}
