import { disputeIdOf } from "../disputes/ids.ts";
import type { SettlementLine } from "./line.ts";

/**
 * By which the books know what a line settles. Of an operation it is our own key, which the acquirer echoes. Of a chargeback,
 * and of its return, the acquirer names the dispute, and may name the capture beside it: that is settled by itself.
 * @returns undefined where the books can know of nothing
 */
export function owedKeyOf({
  kind,
  acquirer,
  dispute,
  operationKey,
}: Pick<SettlementLine, "kind" | "acquirer" | "dispute" | "operationKey">): string | undefined {
  if (kind !== "chargeback" && kind !== "chargeback_reversal") return operationKey;
  if (dispute === undefined) return undefined;
  return `${disputeIdOf(acquirer, dispute)}:${kind === "chargeback" ? "chargeback" : "chargeback_won"}`;
}
