/** Characters as HTTP allows them in heads, in tables by their byte. */

const tokens = table((byte) => /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(byte)));

/** No control characters but a tab. */
const texts = table((byte) => byte === 9 || (byte >= 32 && byte !== 127));

function table(isIn: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (isIn(byte) ? 1 : 0));
}

/** Whether names of headers may have it. */
export function isTokenCharacter(byte: number | undefined): boolean {
  return byte !== undefined && tokens[byte] === 1;
}

/** Whether values of headers may have it. */
export function isTextCharacter(byte: number | undefined): boolean {
  return byte !== undefined && texts[byte] === 1;
}

/** Whether values of headers may have all of them. */
export function isHeaderText(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    if (texts[bytes[at] ?? 0] !== 1) return false;
  }
  return true;
}

/** A header's value without blanks at its ends, one character a byte. */
export function trimmed(bytes: Buffer, from: number, to: number): string {
  let [begin, end] = [from, to];
  while (begin < end && isBlank(bytes[begin])) begin += 1;
  while (end > begin && isBlank(bytes[end - 1])) end -= 1;
  return bytes.toString('latin1', begin, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9;
}
