import { z } from "zod";
import { type Api, explain } from "./api.ts";
import { Refusal } from "./refusal.ts";

const stood = z.object({ id: z.string(), state: z.string() });
const answer = z.object({
  word: z.object({
    outcome: z.string(),
    result: z.enum(["open", "taken", "overruled", "replaced"]),
    acquirer_says: z.string().nullable(),
  }),
  payment: stood.optional(),
  refund: stood.optional(),
});

/** What an operator says, as it was typed. */
export interface Typed {
  readonly as?: string | undefined;
  readonly evidence?: string | undefined;
  readonly version?: string | undefined;
  readonly merchant?: string | undefined;
  readonly acquirer?: string | undefined;
  readonly reference?: string | undefined;
  readonly "expires-at"?: string | undefined;
  readonly "decline-code"?: string | undefined;
}

/** Says what became of a payment or a refund in review. @returns what came of the word, in one line. */
export async function resolve(
  api: Pick<Api, "send">,
  what: "payments" | "refunds",
  id: string,
  typed: Typed,
): Promise<string> {
  const { as: outcome, evidence, version, merchant } = typed;
  if (outcome === undefined || evidence === undefined || version === undefined)
    throw new Refusal("say --as what, by which --evidence, and about which --version (see its timeline)");
  const query = merchant === undefined ? "" : `?${new URLSearchParams({ merchant })}`;
  const details = {
    acquirer: typed.acquirer,
    reference: typed.reference,
    expires_at: typed["expires-at"],
    decline_code: typed["decline-code"],
  };
  const reply = await api.send(
    "POST",
    `/v1/ops/${what}/${encodeURIComponent(id)}/resolve${query}`,
    { outcome, evidence, ...details },
    { "if-match": `"${version}"` },
  );
  if (reply.statusCode >= 300) throw new Refusal(explain(reply));
  const { word, payment, refund } = answer.parse(reply.body);
  return `${id}: ${sentences[word.result](word.outcome, word.acquirer_says)} It is ${(payment ?? refund)?.state}.`;
}

const sentences = {
  taken: (outcome: string) => `${outcome}, as you say.`,
  overruled: (outcome: string, says: string | null) =>
    `not ${outcome}: the acquirer knows better${says === null ? "" : `, for ${says}`}.`,
  replaced: () => "somebody has said something else since.",
  open: (outcome: string) => `${outcome} is written down, and not done yet: send it again to see.`,
};
