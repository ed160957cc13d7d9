import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawAnswers } from './corpus.ts';
import { type AnswerEvents, AnswerParser } from './parser.ts';

/** What becomes of bytes that arrive in those pieces, then the end of the connection; as the corpus writes it. */
function outcomeOf(pieces: readonly Buffer[], parser = new AnswerParser(1000)): string {
  let [status, body, outcome] = ['', '', ''];
  let ends = 0;
  const events: AnswerEvents = {
    answerHead: ({ statusCode }) => {
      assert.equal(status, '', 'a second head');
      status = `${statusCode} `;
    },
    answerBody: (bytes, from, to) => {
      body += bytes.toString('latin1', from, to);
    },
    answerEnd: (isReusable) => {
      ends += 1;
      outcome = `${status}${body}${isReusable ? '' : '!'}`;
    },
    answerRefused: (reason) => {
      ends += 1;
      outcome = `refused: ${reason}`;
    },
  };
  parser.expect(events);
  // As on a socket: the bytes are somewhere in a larger buffer, which the next piece overwrites.
  const shared = Buffer.alloc(64 * 1024, 'x');
  for (const [index, piece] of pieces.entries()) {
    piece.copy(shared);
    parser.push(shared, piece.length);
    shared.fill('x', 0, piece.length);
    // Bytes that come later than the answer are for the connection to see.
    if (outcome !== '' && index < pieces.length - 1) return outcome.endsWith('!') ? outcome : `${outcome}+`;
  }
  if (outcome === '' && !parser.end()) outcome = 'not whole';
  assert.ok(ends <= 1, 'it ended twice');
  return outcome;
}

test('each answer of the corpus becomes what it says', () => {
  assert.ok(rawAnswers.length >= 150, `${rawAnswers.length} answers`);
  assert.equal(new Set(rawAnswers.map(({ bytes }) => bytes)).size, rawAnswers.length, 'an answer is there twice');
  for (const { bytes, becomes } of rawAnswers) {
    assert.equal(outcomeOf([Buffer.from(bytes, 'latin1')]), becomes, JSON.stringify(bytes));
  }
});

test('each becomes the same in two pieces, cut at every byte, and byte by byte', () => {
  for (const { bytes, becomes } of rawAnswers) {
    const whole = Buffer.from(bytes, 'latin1');
    const expected = (outcome: string) => outcome.replace(/\+$/, '').replace(/!$/, '') === becomes.replace(/!$/, '');
    for (let cut = 1; cut < whole.length; cut += 1) {
      const outcome = outcomeOf([whole.subarray(0, cut), whole.subarray(cut)]);
      assert.ok(expected(outcome), `${JSON.stringify(bytes)} cut at ${cut} became ${outcome}`);
    }
    const outcome = outcomeOf(Array.from(whole, (_, at) => whole.subarray(at, at + 1)));
    assert.ok(expected(outcome), `${JSON.stringify(bytes)} byte by byte became ${outcome}`);
  }
});

test('none that is cut off at a byte is taken for a whole one', () => {
  for (const { bytes, becomes } of rawAnswers) {
    if (!/^\d/.test(becomes)) continue;
    const whole = becomes.replace(/!$/, '');
    // A body that ends with the connection is whole wherever that is in order.
    const isEndless = !/content-length|chunked| 204 /i.test(bytes);
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const outcome = outcomeOf([Buffer.from(bytes.slice(0, cut), 'latin1')]).replace(/!$/, '');
      const isRight = outcome === 'not whole' || outcome === whole || (isEndless && whole.startsWith(outcome));
      assert.ok(isRight, `${JSON.stringify(bytes)} cut off at ${cut} became ${outcome}`);
    }
  }
});

test('one parser reads answers one after the other, also behind one that was given up', () => {
  const parser = new AnswerParser(1000);
  const [first, second] = ['a', 'b'].map((body) => Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${body}`));
  for (const bytes of [first, second, first]) assert.match(outcomeOf([bytes ?? Buffer.alloc(0)], parser), /^200 [ab]$/);
  outcomeOf([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX')], parser);
  parser.stop();
  assert.equal(outcomeOf([first ?? Buffer.alloc(0)], parser), '200 a');
});

test('what counts of the headers', () => {
  const text =
    'HTTP/1.1 503 x\r\nRETRY-AFTER: 7\r\nLocation: /a\r\nlocation: /b\r\nContent-Encoding: gzip\r\ncontent-encoding: br\r\nKeep-Alive: max=3, timeout=5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
  const heads: unknown[] = [];
  const parser = new AnswerParser(1000);
  parser.expect({
    answerHead: (head) => heads.push(head),
    answerBody: () => undefined,
    answerEnd: () => undefined,
    answerRefused: (reason) => assert.fail(reason),
  });
  parser.push(Buffer.from(text), text.length);
  assert.deepEqual(heads, [
    {
      statusCode: 503,
      framing: 'length',
      length: 0,
      isKept: false,
      keptForMs: 5000,
      contentEncoding: 'gzip, br',
      retryAfter: '7',
      location: '/a',
    },
  ]);
});

test('a head in single bytes costs no more than its length', () => {
  const parser = new AnswerParser(2_000_000);
  let refused = '';
  parser.expect({
    answerHead: () => undefined,
    answerBody: () => undefined,
    answerEnd: () => undefined,
    answerRefused: (reason) => {
      refused = reason;
    },
  });
  const start = Buffer.from('HTTP/1.1 200 OK\r\nX: ');
  parser.push(start, start.length);
  // Copied anew for each byte these would be 500 GB.
  const byte = Buffer.from('y');
  for (let count = 0; count < 1_000_000; count += 1) parser.push(byte, 1);
  const end = Buffer.from('\x00\r\n');
  parser.push(end, end.length);
  assert.equal(refused, 'a header has a control character');
});

test('an answer whose head is that of the answer before is read as itself, and so is one that differs in a byte', () => {
  const parser = new AnswerParser(1000);
  const first = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: 1\r\n\r\nhello');
  for (const { bytes, becomes } of rawAnswers) {
    const whole = Buffer.from(bytes, 'latin1');
    for (const turn of ['first', 'second']) {
      parser.stop();
      assert.equal(outcomeOf([whole], parser), becomes, `${turn} time: ${JSON.stringify(bytes)}`);
    }
  }
  for (let at = 0; at < first.length; at += 1) {
    parser.stop();
    assert.equal(outcomeOf([first], parser), '200 hello');
    for (const byte of [0, 10, 13, 32, 48, 49, 58, 0x80]) {
      const other = Buffer.from(first);
      other[at] = byte;
      const fresh = outcomeOf([other]);
      parser.stop();
      assert.equal(outcomeOf([other], parser), fresh, `byte ${at} is ${byte}`);
    }
  }
});
