/**
 * What can be said of a requirement:
 * - `estate`: the rendered plan shows it;
 * - `code`: code and its tests show it;
 * - `company`: it is about people, papers or places, and nothing here can show it;
 * - `open`: it is technology's, and is not there;
 * - `none`: it is about what the system does not have.
 */
export type Status = "estate" | "code" | "company" | "open" | "none";

/** Where to look: a name that a test holds against what exists. */
export type Where =
  | `${"rule" | "wiring" | "adr" | "file" | "script"}: ${string}`
  | `test: ${string}.test.ts › ${string}`;

/** A requirement of a standard, and what there is for it. */
export interface Row {
  /** Its number in the standard. */
  readonly no: string;
  /** What it asks, in our words: the standard's own are its publisher's. */
  readonly asks: string;
  readonly status: Status;
  readonly where: readonly Where[];
  /** What it asks beyond what is shown. A row of `estate` or `code` without it claims that it is all there. */
  readonly missing?: string;
}

export const estate = (no: string, asks: string, where: readonly Where[], missing?: string): Row => ({
  ...{ no, asks, status: "estate", where },
  ...(missing !== undefined && { missing }),
});

export const code = (no: string, asks: string, where: readonly Where[], missing?: string): Row => ({
  ...estate(no, asks, where, missing),
  status: "code",
});

/** @param theirs what the company does, beyond what `where` gives it to begin with. */
export const company = (no: string, asks: string, theirs: string, where: readonly Where[] = []): Row => ({
  ...{ no, asks, status: "company", where, missing: theirs },
});

/** @param missing what is not there, and what will bring it. */
export const open = (no: string, asks: string, missing: string, where: readonly Where[] = []): Row => ({
  ...{ no, asks, status: "open", where, missing },
});

/** @param because what the system does not have. */
export const none = (no: string, asks: string, because: string): Row => ({
  ...{ no, asks, status: "none", where: [], missing: because },
});
