/**
 * Answers as they may come from services that are careless, broken or hostile, with what becomes of each. Written one
 * character a byte.
 */
export interface RawAnswer {
  readonly bytes: string;
  /** `200 body`, `!` behind it where the connection cannot serve another call; or `refused: why`; or `not whole`. */
  readonly becomes: string;
  /** Why it is taken although Go's net/http and Node's strict parser do not both read it so. */
  readonly tolerated?: Tolerated;
}

/** What is taken beyond strict parsers, because the call has run already and the meaning is certain. */
export type Tolerated = 'any 1xx' | 'equal lengths' | 'bare line feeds';

const crlf = '\r\n';

/** A head of these lines, and what follows. */
export function answer(lines: readonly string[], rest = '', end = crlf): string {
  return [...lines, '', ''].join(end) + rest;
}

export const ok = 'HTTP/1.1 200 OK';
export const five = 'Content-Length: 5';
export const chunked = 'Transfer-Encoding: chunked';

export function taken(becomes: string, ...all: readonly string[]): RawAnswer[] {
  return all.map((bytes) => ({ bytes, becomes }));
}

export function beyondStrict(tolerated: Tolerated, becomes: string, ...all: readonly string[]): RawAnswer[] {
  return all.map((bytes) => ({ bytes, becomes, tolerated }));
}

export function refused(reason: string, ...all: readonly string[]): RawAnswer[] {
  return taken(`refused: ${reason}`, ...all);
}

export const chunkedAnswer = (rest: string) => answer([ok, chunked], rest);
