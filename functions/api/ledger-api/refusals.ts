import { absurd } from "#core/kernel/invariant.ts";
import type { PostingRefusal, ResolutionRefusal } from "#core/ledger/errors.ts";
import type { EntryRefusal } from "#core/ledger/user-batch.ts";
import type { FlawedLeg, PostRefusal, ProposalFlaw } from "#core/ledger/user-entry.ts";
import { type FieldError, invalidField, Problem, type ProblemCode } from "../http/problem.ts";

/** What a merchant is told whose entry is not recorded. */

const flawDetails: Readonly<Record<ProposalFlaw, string>> = {
  too_few_legs: "An entry has at least two legs.",
  too_many_legs: "An entry has at most 40 legs.",
  account_on_both_sides: "The account is debited and credited by the same entry.",
  account_repeated: "The account has another leg on this side.",
  account_not_found: "There is no such account.",
  account_currency_differs: "The account is in another currency than those that it is to balance.",
  unbalanced: "Debits and credits do not come to the same.",
};

/** A flaw of the entry at `pointer`, at the part of it that shows the flaw. */
function flawAt(pointer: string, { flaw, leg }: FlawedLeg): FieldError {
  const at = leg === undefined ? `${pointer}/legs` : `${pointer}/legs/${leg}`;
  const isOfAccount = leg !== undefined && flaw !== "account_repeated";
  return { pointer: isOfAccount ? `${at}/account` : at, code: flaw, detail: flawDetails[flaw] };
}

/** The refusal of a single entry. */
export function problemOfEntry(refusal: Exclude<EntryRefusal, { kind: "linked" }>): Problem {
  switch (refusal.kind) {
    case "flaw":
      return new Problem("invalid_request", { errors: [flawAt("", refusal)] });
    case "replay":
      return new Problem(replayCode(refusal.code));
    case "refused":
      return problemOfPosting(refusal.code);
    default:
      return absurd(refusal);
  }
}

/** The refusal of a batch, with what became of each of its entries; undefined for those that exist as proposed. */
export function problemOfBatch(refusals: readonly (EntryRefusal | undefined)[]): Problem {
  const flaws = refusals.flatMap((refusal, index) =>
    refusal?.kind === "flaw" ? [flawAt(`/entries/${index}`, refusal)] : [],
  );
  if (flaws.length > 0) return new Problem("invalid_request", { errors: flaws });
  const errors = refusals.map((refusal, index): FieldError => {
    const pointer = `/entries/${index}`;
    if (refusal === undefined) return { pointer, code: "exists", detail: "It was recorded before." };
    if (refusal.kind === "linked")
      return { pointer, code: "linked_entry_failed", detail: "Another entry of the batch was refused." };
    const problem = problemOfEntry(refusal);
    return { pointer, code: problem.code, detail: `${problem.message}.` };
  });
  return new Problem("batch_refused", { errors });
}

/** What the books refuse. */
export function problemOfPosting(refusal: PostingRefusal): Problem {
  switch (refusal) {
    // Its legs were valued in their accounts' currencies, which never change, and accounts never go.
    case "account_not_found":
    case "account_currency_differs":
      throw new Error("an entry is made of accounts that were there");
    default:
      return new Problem(refusal);
  }
}

/** Why a hold is not posted. `pointer`: the part of the body that asked for it. */
export function problemOfHold(refusal: PostRefusal, pointer: "/amount" | "/legs"): Problem {
  switch (refusal) {
    case "hold_not_found":
      return new Problem("not_found");
    case "exceeds_hold":
      return invalidField(pointer, refusal, "It is more than was held.");
    case "amount_is_ambiguous":
      return invalidField("/amount", refusal, "The hold has several amounts: send the legs to post.");
    default:
      return isResolutionRefusal(refusal)
        ? new Problem(refusal)
        : new Problem("invalid_request", { errors: [flawAt("", { flaw: refusal })] });
  }
}

const isResolutionRefusal = (
  refusal: ProposalFlaw | Exclude<ResolutionRefusal, "hold_not_found" | "exceeds_hold">,
): refusal is Exclude<ResolutionRefusal, "hold_not_found" | "exceeds_hold"> => refusal.startsWith("hold_");

/** A book is part of the key: what stands there is of the same one. */
function replayCode(code: Extract<EntryRefusal, { kind: "replay" }>["code"]): ProblemCode {
  if (code === "exists_with_different_book") throw new Error("an entry is read from its own book");
  return code;
}
