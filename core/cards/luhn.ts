/** The check digit of ISO/IEC 7812-1 annex B (mod 10): it finds every mistyped digit. `digits` holds 0 … 9 only. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  let doubles = false;
  for (let at = digits.length - 1; at >= 0; at -= 1) {
    const digit = digits.charCodeAt(at) - 48;
    const counted = doubles ? digit * 2 : digit;
    sum += counted > 9 ? counted - 9 : counted;
    doubles = !doubles;
  }
  return sum % 10 === 0;
}
