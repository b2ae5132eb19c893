/** What the merchant says for itself, as the acquirer is handed it. */
export interface EvidenceRequest {
  /** Our idempotency key at the acquirer, the same at each try: `pay_…:dispute:<tail of dsp_…>`. */
  readonly key: string;
  /** The acquirer's own id of the dispute. */
  readonly reference: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Epoch milliseconds: when this moment passes without an answer, the outcome is `unknown`. */
  readonly deadline: number;
}

/**
 * - `taken`: the acquirer has it, also when an earlier try brought it.
 * - `not_open`: it takes none any more: it has decided, or its time is over. An inquiry tells.
 * - `not_attempted`: it certainly does not have it.
 * - `unknown`: it may have it. An inquiry tells, and the same key may be sent again.
 */
export type EvidenceOutcome =
  | { readonly kind: "taken" | "not_open" }
  | { readonly kind: "not_attempted" | "unknown"; readonly reason: string };

export interface DisputeInquiryRequest {
  /** The acquirer's own id of the dispute. */
  readonly reference: string;
  /** Epoch milliseconds: when this moment passes without an answer, the acquirer is `unavailable`. */
  readonly deadline: number;
}

/**
 * - `found`: where the dispute stands at the acquirer, and the keys under which it has evidence.
 * - `not_found`, `unavailable`: nothing was learned.
 */
export type DisputeInquiry =
  | {
      readonly kind: "found";
      readonly state: "open" | "won" | "lost";
      readonly evidence: readonly string[];
    }
  | { readonly kind: "not_found" }
  | { readonly kind: "unavailable"; readonly reason: string };

/** Where one acquirer deals with disputes. Never throws for what the network or the acquirer does. */
export interface DisputeDesk {
  submitEvidence(request: EvidenceRequest): Promise<EvidenceOutcome>;
  inquireDispute(request: DisputeInquiryRequest): Promise<DisputeInquiry>;
}

export interface DisputeDesks {
  /** @throws InvariantViolation for a name that the settings do not list. */
  desk(acquirer: string): DisputeDesk;
}
