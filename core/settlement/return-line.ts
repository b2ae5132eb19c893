/** Money that we sent to an account of a bank, and that came back: a return of NACHA (the ACH of the United States). */
export interface ReturnLine {
  /** The line of its file, from 1. */
  readonly place: number;
  /** Fifteen digits, under which it was sent. */
  readonly originalTrace: string;
  /** Why it came back: R01 (insufficient funds) … R85. */
  readonly reason: string;
  /** US cents, 0 … 99,999,999.99 dollars: what is sent to try an account out may be nothing. */
  readonly amount: bigint;
  /** What was sent: money to the account, or a claim on it. */
  readonly sent: "credit" | "debit";
  /** Of the account that it was sent to, the last four characters: no more of it is needed, or kept. */
  readonly accountLast4: string;
}
