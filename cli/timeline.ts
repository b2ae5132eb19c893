import { z } from "zod";
import type { Api } from "./api.ts";
import { table } from "./table.ts";

const timeline = z.object({
  merchant: z.string(),
  payment: z.object({ id: z.string(), state: z.string(), amount: z.number(), currency: z.string() }),
  data: z.array(
    z.object({ at: z.string(), kind: z.string(), what: z.string(), state: z.string().optional() }).loose(),
  ),
});

/** What happened to a payment, oldest first, as a table. */
export async function showTimeline(api: Api, id: string, merchant: string | undefined): Promise<string> {
  const query = merchant === undefined ? "" : `?${new URLSearchParams({ merchant })}`;
  const answer = await api.call("GET", `/v1/ops/payments/${encodeURIComponent(id)}/timeline${query}`);
  const { data, payment, merchant: book } = timeline.parse(answer);
  const rows = data.map(({ at, kind, what, state }) => [at, kind, what, state ?? ""]);
  const head = `${payment.id} of ${book}: ${payment.amount} ${payment.currency}, ${payment.state}`;
  return `${head}\n\n${table(["AT", "KIND", "WHAT", "STATE"], rows)}`;
}
