import { corpus } from '../../faults/hostile-requests/corpus.ts';
import type { Random } from '../../lib/random.ts';

/** Long ones are long by repetition alone. */
const seeds = corpus.map(({ bytes }) => bytes).filter((bytes) => bytes.length > 0 && bytes.length < 1000);
const tokens = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  ',',
  '\0',
  '\xff',
  '0',
  '1',
  '31',
  'Content-Length: 5\r\n',
  'Content-Length: 31\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Expect: 100-continue\r\n',
  'Host: localhost\r\n',
  'Host: evil.example\r\n',
  'Origin: null\r\n',
  'X: y\r\n',
  ' z\r\n',
  'GET ',
  'POST ',
  ' HTTP/1.1\r\n',
  '/',
  '?',
  '%',
  '0\r\n\r\n',
];

export const below = (random: Random, count: number) => random.whole(0, count - 1);

function of(random: Random, texts: readonly string[]): string {
  return texts[below(random, texts.length)] ?? '';
}

/** One or two of the corpus, changed in up to five places. */
export function inputOf(random: Random): string {
  let text = of(random, seeds);
  if (below(random, 3) === 0) text += of(random, seeds);
  for (let left = 1 + below(random, 5); left > 0; left -= 1) {
    const at = below(random, text.length + 1);
    const to = at + below(random, 1 + Math.min(20, text.length - at));
    switch (below(random, 4)) {
      case 0:
        text = text.slice(0, at) + of(random, tokens) + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 2:
        text = text.slice(0, to) + text.slice(at);
        break;
      default:
        text = text.slice(0, at) + String.fromCharCode(below(random, 256)) + text.slice(at + 1);
    }
  }
  return text;
}
