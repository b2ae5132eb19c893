/**
 * What no reader sees: controls, format characters (bidirectional overrides, zero-width spaces and joiners, soft
 * hyphens, tags), line and paragraph separators, and lone surrogates. Such characters make one text look like another.
 * Unicode general categories Cc, Cf, Cs, Zl, Zp.
 */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** True when the text holds a character that the person who approves it cannot see. */
export const hasInvisible = (text: string): boolean => invisible.test(text);
