/** A network error in one short readable line. */
export function reasonOf(error: unknown): string {
  const text = harmless(textOf(error));
  return text === '' ? 'unknown network error' : text;
}

/** One short line. The two words mean an outcome to whoever is told of it; a certificate, say, could contain them. */
export function harmless(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
    .replace(/FAILURE|ONGOING/g, '...');
}

function textOf(error: unknown): string {
  // One host, many addresses: the message of the whole is empty.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(textOf))].join('; ');
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error.message === '') return code;
  return code === '' || code.startsWith('UND_ERR_') || error.message.includes(code)
    ? error.message
    : `${error.message} (${code})`;
}
