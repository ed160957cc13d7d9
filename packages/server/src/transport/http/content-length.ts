/** More digits than any body that could be taken has. */
const mostDigits = 15;

/**
 * The value of a Content-Length: digits and nothing else. Undefined where it is anything else, also where it has more
 * digits than a body can have bytes.
 */
export function contentLengthOf(text: string): number | undefined {
  if (text.length === 0 || text.length > mostDigits) return undefined;
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
