/**
 * Requests that are nearly right. Whatever the lane serves must be what node:http, a parser that many have looked at,
 * makes of the same bytes: another reading would be a way to smuggle a request.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { allRoutes } from '../../packages/server/src/transport/http/all-routes.ts';
import { Intake } from '../../packages/server/src/transport/http/intake.ts';
import { HeadMemory } from '../../packages/server/src/transport/http/lane/head-memory.ts';
import { readHead } from '../../packages/server/src/transport/http/lane/head-reader.ts';
import { NodeWay } from '../../packages/server/src/transport/http/node/node-way.ts';
import { httpDefaults } from '../../packages/server/src/transport/http/settings.ts';
import { RecordingCoordinator, type Started, start } from '../../packages/server/src/transport/http/testing.ts';
import { addressOf, listenOn } from '../../packages/server/src/transport/listen.ts';
import { corpus } from '../faults/hostile-requests/corpus.ts';
import { exchangeCut } from '../lib/cut-exchange.ts';
import { Random } from '../lib/random.ts';
import { fuzz } from './slice.ts';

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

const below = (random: Random, count: number) => random.whole(0, count - 1);

function of(random: Random, texts: readonly string[]): string {
  return texts[below(random, texts.length)] ?? '';
}

/** One or two of the corpus, changed in up to five places. */
function inputOf(random: Random): string {
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

test('a head is read the same whether it is known or not, and never half', () => {
  const memory = new HeadMemory(['POST /api/dtmsvr/submit HTTP/1.1', 'GET /api/dtmsvr/newGid HTTP/1.1']);
  return fuzz('heads', (seed) => {
    const text = inputOf(new Random(seed));
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = text.slice(0, end + 4);
    const read = readHead(head);
    assert.deepEqual(memory.read(head), read);
    assert.deepEqual(memory.read(head), read);
  });
});

let both: Started;
const coordinator = new RecordingCoordinator();
let node: NodeWay;
before(async () => {
  both = await start();
  // The same server, with a lane that hands everything over.
  const parts = { ...both.parts, coordinator };
  const intake = new Intake(httpDefaults, parts.observer);
  node = new NodeWay(allRoutes(parts, intake), intake, (socket) => node.takeOver(socket));
  await node.ready();
  await listenOn(node.server, { host: '127.0.0.1', port: 0 });
});
after(async () => {
  await both.server.close(0);
  const closed = new Promise((resolve) => node.server.close(resolve));
  node.server.closeAllConnections();
  await closed;
  await node.close();
});

test('with the lane and without it the same bytes have the same answers, and ask the same', () =>
  fuzz('requests', async (seed) => {
    const random = new Random(seed);
    const bytes = Buffer.from(inputOf(random), 'latin1');
    const at = below(random, bytes.length + 1);
    const [byBoth, byNode] = await Promise.all([
      answersTo(both.port, bytes, at),
      answersTo(addressOf(node.server).port, bytes, at),
    ]);
    // How much node:http has read when it answers decides whether it closes the connection, and both have read by chance.
    const count = Math.min(byBoth.length, byNode.length);
    const what = JSON.stringify(bytes.toString('latin1'));
    assert.deepEqual(byBoth.slice(0, count).map(meaning), byNode.slice(0, count).map(meaning), what);
    const isCut = byBoth.length !== byNode.length;
    if (isCut) {
      const shorter = [byBoth, byNode].find(({ length }) => length === count)?.at(-1) ?? '';
      assert.match(shorter, /^$|^HTTP\/1\.1 4|Connection: close/, what);
    }
    const asked = [both.coordinator.asked.splice(0), coordinator.asked.splice(0)] as const;
    const most = isCut ? Math.min(asked[0].length, asked[1].length) : Number.POSITIVE_INFINITY;
    assert.deepEqual(asked[0].slice(0, most), asked[1].slice(0, most), what);
  }));

/** The status; and the body, unless there is more than one reason to refuse it. */
function meaning(answer: string): string {
  const [head = '', ...body] = answer.split('\r\n\r\n');
  const status = head.slice(0, head.indexOf('\r\n'));
  return status.includes(' 200 ') ? `${status} ${body.join()}` : status;
}

/** The answers, in their order. */
async function answersTo(port: number, bytes: Buffer, at: number): Promise<readonly string[]> {
  return (await exchangeCut(port, bytes, at)).split(/(?=HTTP\/1\.1 \d)/);
}
