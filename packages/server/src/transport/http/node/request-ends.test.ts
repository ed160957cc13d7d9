import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestEnds } from './request-ends.ts';

const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const head = 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n';
const chunkedHead = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
const requests = [
  get,
  `${head}xx\r\n\r\nGET`,
  get,
  get,
  `${chunkedHead}3\r\nabc\r\n0\r\n\r\n`,
  `\r\n${get}`,
  `${head}123456789`,
  get,
];

/** The pieces of what comes in `reads`, as the reader of a connection asks for them. */
function piecesOf(reads: readonly Buffer[]): string[] {
  const ends = new RequestEnds();
  const pieces: string[] = [];
  let whole = '';
  for (const bytes of reads) {
    for (let at = 0; at < bytes.length; ) {
      const end = ends.endOf(bytes, at);
      assert.ok(end > at && end <= bytes.length && end - at <= 1024);
      pieces.push(bytes.toString('latin1', at, end));
      whole += pieces.at(-1);
      if (whole.endsWith(head)) ends.expectBody(9);
      at = end;
    }
  }
  return pieces;
}

test('every request ends where a piece ends, wherever its bytes are cut', () => {
  const bytes = Buffer.from(requests.join(''));
  const wanted: number[] = [];
  for (const request of requests) wanted.push((wanted.at(-1) ?? 0) + request.length);
  for (let first = 0; first <= bytes.length; first += 1) {
    for (const second of [first, first + 1, first + 2, first + 3, bytes.length]) {
      const reads = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
      const pieces = piecesOf(reads);
      assert.equal(pieces.join(''), bytes.toString());
      let at = 0;
      const ends = new Set(pieces.map((piece) => (at += piece.length)));
      for (const end of wanted) assert.ok(ends.has(end), `${first}, ${second}: no piece ends at ${end}`);
    }
  }
});

test('a piece is at most a kilobyte, also of a body of which the length is known', () => {
  const ends = new RequestEnds();
  const bytes = Buffer.alloc(5000, 'x');
  assert.equal(ends.endOf(bytes, 0), 1024);
  ends.expectBody(1500);
  assert.deepEqual([ends.endOf(bytes, 1024), ends.endOf(bytes, 2048), ends.endOf(bytes, 2524)], [2048, 2524, 3548]);
});
