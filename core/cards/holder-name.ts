import { err, ok, type Result } from "../kernel/result.ts";
import { hasInvisible } from "../kernel/text.ts";
import { containsPan } from "./pan.ts";

export type HolderNameFault =
  | "holder_name_empty"
  | "holder_name_too_long"
  | "holder_name_invisible_character"
  | "holder_name_card_number";

/** UTF-16 code units after NFC. Cards carry 26 characters; acquirers take a few more. */
const holderNameLengthMax = 100;

/** The name in NFC and without outer spaces, so that one name is one text however it was typed. */
export function normalizeHolderName(text: string): Result<string, HolderNameFault> {
  // Before the trim, which would take a BOM or a line feed at either end for a space.
  if (hasInvisible(text)) return err("holder_name_invisible_character");
  const name = text.normalize("NFC").trim();
  if (name.length === 0) return err("holder_name_empty");
  if (name.length > holderNameLengthMax) return err("holder_name_too_long");
  if (containsPan(name)) return err("holder_name_card_number");
  return ok(name);
}
