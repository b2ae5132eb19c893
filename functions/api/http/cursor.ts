import { createHash } from "node:crypto";
import { Problem } from "./problem.ts";

const digestLength = 11;

/** An opaque place in a list. It carries a digest over the scope, so that it fits no other list and no other merchant. */
export function cursorOf(scope: string, position: string): string {
  return Buffer.from(`${digest(scope, position)}${position}`).toString("base64url");
}

/** @throws Problem 400 when the cursor was not made by `cursorOf` for the same scope. */
export function positionOf(scope: string, cursor: string): string {
  const decoded = Buffer.from(cursor, "base64url").toString();
  const position = decoded.slice(digestLength);
  if (cursorOf(scope, position) === cursor) return position;
  throw new Problem("malformed_query", {
    errors: [
      {
        parameter: "cursor",
        code: "wrong_format",
        detail: "Take the cursor from next_cursor of the same list, unchanged.",
      },
    ],
  });
}

const digest = (scope: string, position: string): string =>
  createHash("sha256")
    .update(JSON.stringify([scope, position]))
    .digest("base64url")
    .slice(0, digestLength);
