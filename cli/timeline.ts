import { z } from "zod";
import type { Api } from "./api.ts";
import { table } from "./table.ts";

const timeline = z.object({
  merchant: z.string(),
  payment: z.object({
    id: z.string(),
    state: z.string(),
    amount: z.number(),
    currency: z.string(),
    version: z.number(),
  }),
  review: z
    .object({
      operation: z.string(),
      acquirer: z.string().nullable(),
      reason: z.string(),
      outcomes: z.array(z.string()),
    })
    .nullable(),
  data: z.array(
    z
      .object({
        at: z.string(),
        kind: z.string(),
        what: z.string(),
        state: z.string().optional(),
        version: z.number().optional(),
        texts: z.unknown().optional(),
      })
      .loose(),
  ),
});

/** What happened to a payment, oldest first, as a table. */
export async function showTimeline(api: Api, id: string, merchant: string | undefined): Promise<string> {
  const query = merchant === undefined ? "" : `?${new URLSearchParams({ merchant })}`;
  const answer = await api.call("GET", `/v1/ops/payments/${encodeURIComponent(id)}/timeline${query}`);
  const { data, payment, review, merchant: book } = timeline.parse(answer);
  // A refund's version is what `refunds resolve` is asked for.
  const shownVersion = (version?: number) => (version === undefined ? "" : `, version ${version}`);
  const erased = (texts: unknown) => (texts === "erased" ? ", what was written is erased" : "");
  const rows = data.map(({ at, kind, what, state, version: of, texts }) => [
    ...[at, kind, `${what}${shownVersion(of)}${erased(texts)}`],
    state ?? "",
  ]);
  const { id: shown, amount, currency, state, version } = payment;
  const head = `${shown} of ${book}: ${amount} ${currency}, ${state}, version ${version}`;
  const unknown =
    review === null
      ? ""
      : `\nnot known: its ${review.operation} at ${review.acquirer ?? "an acquirer"} (${review.reason}); it can be resolved as ${review.outcomes.join(", ")}`;
  return `${head}${unknown}\n\n${table(["AT", "KIND", "WHAT", "STATE"], rows)}`;
}
