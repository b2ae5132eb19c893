import { z } from "zod";
import type { Api } from "./api.ts";
import { Refusal } from "./refusal.ts";
import { table } from "./table.ts";

const dispute = z.object({
  id: z.string(),
  merchant: z.string(),
  payment: z.string(),
  amount: z.number(),
  currency: z.string(),
  state: z.string(),
  reason: z.string(),
  loss: z.object({ code: z.string() }).optional(),
  evidence_due_at: z.string(),
  evidence_given_at: z.string().nullable(),
});
type Dispute = z.output<typeof dispute>;
const page = z.object({ data: z.array(dispute), next_cursor: z.string().nullable() });

const pageSize = 100;
/** Whoever has more disputes than this asks for one merchant's. */
const pagesMax = 500;
const states = ["open", "ended", "all"] as const;

/** All of them, in no order that means anything. @throws Refusal when there are more than can be read. */
async function readDisputes(
  api: Pick<Api, "call">,
  asked: Readonly<Record<string, string>>,
): Promise<readonly Dispute[]> {
  const disputes: Dispute[] = [];
  let cursor: string | null = null;
  for (let read = 0; read < pagesMax; read += 1) {
    const query: URLSearchParams = new URLSearchParams({ ...asked, limit: String(pageSize) });
    if (cursor !== null) query.set("cursor", cursor);
    const { data, next_cursor: next } = page.parse(await api.call("GET", `/v1/ops/disputes?${query}`));
    disputes.push(...data);
    cursor = next;
    if (cursor === null) return disputes;
  }
  throw new Refusal(`there are more than ${pagesMax} pages of disputes: say of which --merchant`);
}

/**
 * Disputes of one merchant or all, whose time is over first at the top. @throws Refusal for a state that is none, and for a
 * merchant that is not there.
 */
export async function listDisputes(
  api: Pick<Api, "call">,
  state: string,
  merchant: string | undefined,
): Promise<string> {
  if (!states.some((known) => known === state))
    throw new Refusal(`disputes are ${states.join(", ")}: --state ${state} is none of them`);
  const disputes = await readDisputes(api, { state, ...(merchant === undefined ? {} : { merchant }) });
  if (disputes.length === 0) return state === "open" ? "no dispute is open" : "no disputes";
  return table(
    ["ID", "MERCHANT", "PAYMENT", "AMOUNT", "STATE", "ANSWER BY", "REASON"],
    disputes
      .toSorted((a, b) => a.evidence_due_at.localeCompare(b.evidence_due_at))
      .map((each) => [
        ...[each.id, each.merchant, each.payment, `${each.amount} ${each.currency}`, stateOf(each)],
        // What was answered has no deadline any more.
        each.state === "needs_response" && each.evidence_given_at === null ? each.evidence_due_at : "-",
        each.reason,
      ]),
  );
}

const stateOf = ({ state, loss }: Dispute): string => (loss === undefined ? state : `${state}: ${loss.code}`);
