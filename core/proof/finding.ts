/** Something that must never be, and is. */
export interface Finding {
  readonly invariant: string;
  /** A payment's id, an entry's, an account's, or a key. */
  readonly subject: string;
  readonly what: string;
}

export const found = (invariant: string, subject: string, what: string): Finding => ({
  invariant,
  subject,
  what,
});
