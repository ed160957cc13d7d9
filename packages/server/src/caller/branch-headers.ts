/**
 * What frames a message or its connection is the sender's alone: such headers of a branch would break the exchange, or be
 * refused on every retry. They are left out, over HTTP and over gRPC. In lower case.
 */
export const framingHeaders = [
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;

const tokenPattern = /^[!#$%&'*+.^_`|~\w-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be in a header's value.
const controlPattern = /[\0-\x08\x0a-\x1f\x7f]/;

/** @throws Error where a header of that name cannot be sent */
export function checkHeaderName(name: string): void {
  if (!tokenPattern.test(name)) throw new Error('a branch header has a name that is not a valid header name');
}

/** A line break or another control character but the tab: no header can carry it. */
export function hasControlCharacter(value: string): boolean {
  return controlPattern.test(value);
}
