import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from './address.ts';
import { RemoteError } from './judged.ts';
import type { Session } from './pool.ts';
import { Servers } from './servers.ts';

const one = { host: 'one', port: 1 };
const two = { host: 'two', port: 2 };

/** Two servers, of which those named can be reached or written to. */
function world(state: { up: readonly Host[]; writable: readonly Host[]; silent?: Host }) {
  const tried: string[] = [];
  let moves = 0;
  const servers = new Servers<Session & { readonly to: Host }>({
    hosts: [one, two],
    connect: async (to) => {
      tried.push(to.host);
      if (!state.up.includes(to)) throw new RemoteError('unreached', 'it is down');
      return { to, isLost: false, end: () => undefined, destroy: () => undefined };
    },
    isWritable: ({ to }) =>
      to === state.silent ? new Promise(() => undefined) : Promise.resolve(state.writable.includes(to)),
    limitMs: 20,
    moved: () => {
      moves += 1;
    },
  });
  return { servers, state, tried, moves: () => moves };
}

test('the first that takes writes is used, and stays so while it does', async () => {
  const { servers, state, moves } = world({ up: [one, two], writable: [two] });
  assert.equal((await servers.connect()).to, two);
  state.writable = [one, two];
  assert.equal((await servers.connect()).to, two);
  assert.deepEqual([servers.name, moves()], ['two:2', 0]);
});

test('once it only reads, another one is looked for, and all connections go there', async () => {
  const { servers, state, moves } = world({ up: [one, two], writable: [one] });
  assert.equal((await servers.connect()).to, one);
  state.writable = [two];
  assert.equal((await servers.connect()).to, two);
  assert.equal(moves(), 1);
});

test('while none takes writes, who asks is told why of each, and is not tried for again at once', async () => {
  const { servers, tried } = world({ up: [two], writable: [] });
  await assert.rejects(servers.connect(), /^RemoteError: one:1: it is down; two:2: it only reads$/);
  await assert.rejects(servers.connect(), { judgement: 'unreached' });
  assert.deepEqual(tried, ['one', 'two']);
});

test('a server that accepts connections and says nothing holds up nobody for long: the next one is asked', async () => {
  const { servers } = world({ up: [one, two], writable: [one, two], silent: one });
  assert.equal((await servers.connect()).to, two);
});
