import type { Book } from "../ledger/account.ts";
import type { Currency } from "../money/currency.ts";

export interface SettlementLine {
  readonly place: number;
  readonly kind: "capture" | "refund" | "chargeback" | "chargeback_reversal" | "cost";
  readonly settledOn: string;
  readonly acquirer: string;
  readonly merchant: Book | undefined;
  readonly operationKey: string | undefined;
  readonly reference: string;
  readonly dispute: string | undefined;
  readonly currency: Currency;
  readonly gross: bigint;
  readonly cost: bigint;
  readonly occurredAt: number | undefined;
}

export interface Flaw {
  readonly place: number;
  readonly reason: string;
  readonly text: string;
  readonly endsFile: boolean;
}
