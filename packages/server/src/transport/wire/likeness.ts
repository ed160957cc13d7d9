/** What bytes that are no UTF-8 most likely are, by how they begin. */
const beginnings: readonly (readonly [hex: string, name: string])[] = [
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['7801', 'deflate'],
  ['785e', 'deflate'],
  ['789c', 'deflate'],
  ['78da', 'deflate'],
  ['fffe', 'UTF-16'],
  ['feff', 'UTF-16'],
  ['000000', 'UTF-32'],
];

/** What a text that is no JSON most likely is. */
const forms: readonly (readonly [form: RegExp, name: string])[] = [
  [/^--/, 'multipart/form-data'],
  [/^</, 'XML or HTML'],
  [/^\0|^[^\0]\0/, 'UTF-16 or UTF-32'],
  [/^[\w.~%+[\]-]+=/, 'application/x-www-form-urlencoded'],
];

/** `, and this looks like gzip`, for a refusal; empty where it looks like nothing that is known. */
export function likenessOfBytes(body: Buffer): string {
  const start = body.toString('hex', 0, 4);
  return told(beginnings.find(([hex]) => start.startsWith(hex))?.[1]);
}

export function likenessOfText(text: string): string {
  const start = text.slice(0, 200).trimStart();
  if (start === '') return ', and this is empty';
  return told(forms.find(([form]) => form.test(start))?.[1]);
}

function told(name: string | undefined): string {
  return name === undefined ? '' : `, and this looks like ${name}`;
}
