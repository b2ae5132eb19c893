import { z } from "zod";
import type { Api } from "./api.ts";
import { Refusal } from "./refusal.ts";

const word = z.object({ by: z.string(), at: z.string(), reason: z.string() });
const answer = z.object({
  stands: z.boolean(),
  redacted: z.boolean(),
  data: z.array(z.object({ placed: word, lifted: word.nullable() })),
});

/** Places or lifts a legal hold on a payment. @returns how it stands, and all that was ever held. */
export async function legalHold(
  api: Pick<Api, "call">,
  id: string,
  action: "place" | "lift",
  { reason, merchant }: { readonly reason?: string | undefined; readonly merchant?: string | undefined },
): Promise<string> {
  if (reason === undefined) throw new Refusal("say the --reason: the case, and where it can be looked up");
  const query = merchant === undefined ? "" : `?${new URLSearchParams({ merchant })}`;
  const path = `/v1/ops/payments/${encodeURIComponent(id)}/legal-hold${query}`;
  const { stands, redacted, data } = answer.parse(await api.call("POST", path, { action, reason }));
  const lines = data.flatMap(({ placed, lifted }) => [
    `  ${placed.at} placed by ${placed.by}: ${placed.reason}`,
    ...(lifted === null ? [] : [`  ${lifted.at} lifted by ${lifted.by}: ${lifted.reason}`]),
  ]);
  const late = redacted && stands ? ", too late for what people wrote: that was erased before" : "";
  return [`${id}: ${stands ? "a legal hold stands" : "no legal hold stands"}${late}.`, ...lines].join("\n");
}
