/** Whether strict parsers may refuse an answer that is taken: it has any 1xx, equal lengths, or bare line feeds. */
export function isTolerated(text: string): boolean {
  const lengths = text.match(/^content-length:/gim) ?? [];
  return /^HTTP\/1\.[01] 1\d\d/m.test(text) || lengths.length > 1 || /(^|[^\r])\n/.test(text);
}
