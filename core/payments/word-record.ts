import type { DeclineCode } from "../acquiring/declines.ts";
import type { PaymentOutcome, PaymentWord, RefundWord, WordEnd } from "./operator-word.ts";

/** An operator's word as plain JSON. See `PaymentRecord`. */
export interface WordRecord {
  readonly as: PaymentWord["as"] | RefundWord["as"];
  readonly by: string;
  readonly at: number;
  readonly seen: number;
  readonly evidence: string;
  readonly authorization?: {
    readonly acquirer: string;
    readonly reference: string;
    readonly expires_at: number;
  };
  readonly acquirer?: string;
  readonly decline?: string;
  readonly end?: WordEnd;
  readonly says?: string;
}

export const wordRecord = (word: PaymentWord | RefundWord): WordRecord => ({
  ...outcomeRecord(word),
  ...saidIn(word),
});

function outcomeRecord(
  word: PaymentWord | RefundWord,
): Pick<WordRecord, "as" | "authorization" | "acquirer" | "decline"> {
  switch (word.as) {
    case "authorized": {
      const { acquirer, reference, expiresAt } = word.authorization;
      return { as: word.as, authorization: { acquirer, reference, expires_at: expiresAt } };
    }
    case "declined":
      return { as: word.as, acquirer: word.acquirer, decline: word.code };
    default:
      return { as: word.as };
  }
}

export const paymentWordFrom = (record: WordRecord): PaymentWord => ({
  ...saidIn(record),
  ...outcomeFrom(record),
});

export const refundWordFrom = (record: WordRecord): RefundWord => ({
  ...saidIn(record),
  as: record.as as RefundWord["as"],
});

const saidIn = ({
  by,
  at,
  seen,
  evidence,
  end,
  says,
}: Pick<WordRecord, "by" | "at" | "seen" | "evidence" | "end" | "says">) => ({
  by,
  at,
  seen,
  evidence,
  ...(end === undefined ? {} : { end }),
  ...(says === undefined ? {} : { says }),
});

function outcomeFrom({ as, authorization, acquirer, decline }: WordRecord): PaymentOutcome {
  if (as === "authorized" && authorization !== undefined) {
    const { expires_at: expiresAt, ...rest } = authorization;
    return { as, authorization: { ...rest, expiresAt } };
  }
  if (as === "declined" && acquirer !== undefined) return { as, acquirer, code: decline as DeclineCode };
  return { as: as as "captured" | "failed" | "canceled" };
}
