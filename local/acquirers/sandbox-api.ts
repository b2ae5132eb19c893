import { z } from "zod";
import { type Answer, parseJson, refuse } from "./http.ts";
import type { Notifier } from "./notifier.ts";

const notifyUrlBody = z.strictObject({ url: z.url({ protocol: /^https?$/ }).nullable() });

/** What a person does at a real acquirer's desk, or in its portal. */
export interface Desk {
  readonly notifier: Notifier;
}

/** What is under `/sandbox/`: no acquirer has it, and the tests need it. */
export function sandboxApi({ notifier }: Desk, method: string, path: string, raw: string): Answer {
  const body = parseJson(raw);
  if (method === "PUT" && path === "/sandbox/notify-url") {
    const { data } = notifyUrlBody.safeParse(body);
    if (data === undefined) return refuse("malformed");
    notifier.tellAt(data.url ?? undefined);
    return { statusCode: 200, body: { url: data.url } };
  }
  return refuse("unknown_route");
}
