const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** Crockford's base32, lower case, no padding: safe in URLs and keys, and hard to misread aloud. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let buffered = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffered = (buffered << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((buffered >>> bits) & 31);
    }
    buffered &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet.charAt((buffered << (5 - bits)) & 31) : text;
}
