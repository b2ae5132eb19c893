/**
 * A stored card does not open, or what opens is another token's or another merchant's: someone moved or changed
 * items of the vault. Never retried; it is for people to look at.
 */
export class CardUnreadable extends Error {
  override readonly name = "CardUnreadable";
}
