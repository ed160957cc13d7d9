import { rawAnswers } from '../../../packages/server/src/caller/http/answer/corpus.ts';
import type { Random } from '../../lib/random.ts';

/** What changes the meaning of an answer where it is put in. */
const tokens = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    ' ',
    '\t',
    ':',
    ';',
    ',',
    '=',
    '"',
    '-',
    '+',
    '\x00',
    '\x0b',
    '\x7f',
    '\x80',
    '\xff',
  ],
  ...['0', '5', '00', 'a', 'hello', '0\r\n\r\n', '1\r\nx\r\n', 'chunked', 'gzip, ', 'identity', 'X: y\r\n'],
  ...['Transfer-Encoding: chunked\r\n', 'Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'Connection: close\r\n'],
  ...['HTTP/1.1 200 OK\r\n', 'HTTP/1.0 200 OK\r\n', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 204 x\r\n'],
];

const bytesMax = 4000;

/** An answer of the corpus with some changes: cut, spliced with another, bytes put in, taken out, changed or doubled. */
export function mutated(random: Random): Buffer {
  let text = one(random, rawAnswers).bytes;
  for (let left = random.whole(1, 4); left > 0; left -= 1) text = changed(random, text).slice(0, bytesMax);
  return Buffer.from(text, 'latin1');
}

function changed(random: Random, text: string): string {
  const at = random.whole(0, text.length);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  switch (random.whole(0, 5)) {
    case 0:
      return before + one(random, tokens) + after;
    case 1:
      return before + after.slice(random.whole(1, 3));
    case 2: {
      const other = one(random, rawAnswers).bytes;
      return before + other.slice(random.whole(0, other.length));
    }
    case 3: {
      // Twice the same.
      const again = after.slice(0, random.whole(1, 30));
      return before + again + after;
    }
    case 4:
      // Another length or size, wherever there is one.
      return text.replace(/\d+/g, (digits) => (random.chance(0.2) ? String(random.whole(0, 40)) : digits));
    default:
      return before + String.fromCharCode(random.whole(0, 255)) + after.slice(1);
  }
}

function one<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[random.whole(0, items.length - 1)];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
}
