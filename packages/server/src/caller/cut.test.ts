import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cuttable, Sender, SentAnswer } from '../engine/ports.ts';
import { sendingCall } from '../engine/testing/calls.ts';
import { grpcSender, grpcService } from './testing/grpc-services.ts';
import { callOf, rawService, sender, service, until } from './testing/services.ts';

/** One way to call a service, with a service that never answers and one whose connections never come about. */
interface Way {
  readonly name: string;
  readonly sender: Sender;
  readonly protocol: string;
  /** Its URL, and the number of calls that have arrived. */
  hanging(): Promise<{
    readonly url: string;
    readonly arrived: () => number;
    readonly isClosed: () => boolean;
    /** Connections that were ever made to it. */
    readonly connections: () => number;
  }>;
  unconnected(port: number): string;
}

const ways: readonly Way[] = [
  {
    name: 'HTTP',
    sender,
    protocol: 'http',
    hanging: async () => {
      const { url, seen, sockets } = await service(() => undefined);
      const isClosed = () => [...sockets].every(({ destroyed }) => destroyed);
      return { url, arrived: () => seen.length, isClosed, connections: () => sockets.size };
    },
    unconnected: (port) => `https://127.0.0.1:${port}/a`,
  },
  {
    name: 'gRPC',
    sender: grpcSender,
    protocol: 'grpc',
    hanging: async () => {
      const { url, seen, sessions } = await grpcService(() => undefined);
      const isClosed = () => seen.every(({ stream }) => stream.closed);
      return {
        ...{ url: `${url}/pkg.Service/Method`, arrived: () => seen.length, isClosed },
        connections: () => sessions.length,
      };
    },
    unconnected: (port) => `127.0.0.1:${port}/pkg.Service/Method`,
  },
];

function begin(
  way: Way,
  url: string,
  mayGo = () => true,
): { readonly cuttable: Cuttable; readonly answers: SentAnswer[] } {
  const answers: SentAnswer[] = [];
  const call = callOf(url, { protocol: way.protocol, timeoutMs: 60_000 });
  const cuttable = way.sender.send(sendingCall(call, (answer) => answers.push(answer), mayGo));
  return { cuttable, answers };
}

for (const way of ways) {
  test(`${way.name}: a call that is out is cut, and the service sees it; it ends once`, async () => {
    const hanging = await way.hanging();
    const { cuttable, answers } = begin(way, hanging.url);
    await until(() => hanging.arrived() === 1);
    cuttable.cut();
    cuttable.cut();
    assert.equal(answers.length, 0, 'never before cut has returned');
    await until(() => answers.length > 0 && hanging.isClosed());
    assert.deepEqual(
      answers.map(({ health, outcome }) => [health, outcome.kind]),
      [['cut', 'error']],
    );
  });

  test(`${way.name}: a call whose connection is still being made is withdrawn, and nothing is sent`, async () => {
    let arrived = '';
    const { port, sockets } = await rawService((_, text) => {
      arrived += text;
    });
    let asked = 0;
    const { cuttable, answers } = begin(way, way.unconnected(port), () => {
      asked += 1;
      return true;
    });
    await until(() => sockets.size === 1);
    cuttable.cut();
    await until(() => answers.length === 1 && [...sockets].every(({ destroyed }) => destroyed));
    assert.equal(answers[0]?.health, 'withdrawn');
    assert.equal(asked, 0, 'it is asked when the bytes are to go');
    assert.ok(!arrived.includes('Method') && !arrived.includes('POST'));
  });

  test(`${way.name}: what may not go any more when its connection is there is not sent, and the next call has the connection`, async () => {
    const hanging = await way.hanging();
    const { answers } = begin(way, hanging.url, () => false);
    await until(() => answers.length === 1);
    assert.equal(answers[0]?.health, 'withdrawn');
    // What is sent after it arrives: the sender and its connections are as before.
    const next = begin(way, hanging.url);
    await until(() => hanging.arrived() === 1);
    next.cuttable.cut();
    await until(() => next.answers.length === 1);
    assert.deepEqual([hanging.arrived(), hanging.connections()], [1, 1]);
  });
}
