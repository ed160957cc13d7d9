/** Every HTTP/2 connection begins with these bytes of its client. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** A TLS connection begins with a record of a handshake, of version 3 in all versions. */
const tlsRecord = Buffer.from([0x16, 0x03]);

/** What the first bytes of a connection are; `more`: that cannot be told yet. */
export type Spoken = 'http2' | 'tls' | 'http1' | 'other' | 'more';

export function spokenIn(first: Buffer): Spoken {
  if (begins(first, preface)) return first.length < preface.length ? 'more' : 'http2';
  if (begins(first, tlsRecord)) return first.length < tlsRecord.length ? 'more' : 'tls';
  const line = first.subarray(0, mostMethodBytes).toString('latin1');
  if (/^[A-Z]+ /.test(line)) return 'http1';
  return /^[A-Z]+$/.test(line) && line.length < mostMethodBytes ? 'more' : 'other';
}

/** Longer than any method that clients of HTTP/1.1 use. */
const mostMethodBytes = 16;

function begins(first: Buffer, whole: Buffer): boolean {
  const length = Math.min(first.length, whole.length);
  return first.compare(whole, 0, length, 0, length) === 0;
}

/** An answer that clients of HTTP/1.1 understand, and that people read in the errors of others. */
export function sentence(text: string): string {
  const body = `${text}\n`;
  return [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
