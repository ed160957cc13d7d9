import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from './address.ts';
import { RemoteError } from './judged.ts';
import type { Session } from './pool.ts';
import { Servers } from './servers.ts';
import type { Followed, Stand } from './stand.ts';

const one = { host: 'one', port: 1 };
const two = { host: 'two', port: 2 };

/** A server of the test, as it is just now. */
interface State {
  isUp?: boolean;
  isWritable?: boolean;
  isSilent?: boolean;
  /** It takes a write and does not answer. */
  hangs?: boolean;
  line?: string;
  fault?: string | undefined;
  startedMs?: number;
  followed?: Followed;
  /** What is so after it was looked at. */
  later?: State;
  /** Incarnations whose heartbeats are fresh there. */
  fresh?: readonly string[];
}

const never = () => new Promise<never>(() => undefined);

/** Two servers, and who asks for them. */
function world(first: State, second: State) {
  const states = new Map<Host, State>([
    [one, { line: 'old', followed: { line: 'old', term: 1 }, isUp: true, ...first }],
    [two, { line: 'old', followed: { line: 'old', term: 1 }, isUp: true, ...second }],
  ]);
  const stateOf = (host: Host): State => states.get(host) ?? {};
  const tried: string[] = [];
  const told: string[] = [];
  let moves = 0;
  let open = 0;
  const servers = new Servers<Session & { readonly to: Host }>({
    hosts: [one, two],
    connect: async (to) => {
      tried.push(to.host);
      if (stateOf(to).isUp !== true) throw new RemoteError('unreached', 'it is down');
      open += 1;
      let isOpen = true;
      const close = () => {
        if (isOpen) open -= 1;
        isOpen = false;
      };
      return { to, isLost: false, end: close, destroy: close };
    },
    look: ({ to }) => {
      const { isSilent, isWritable = false, line = '', startedMs = 0, followed, fault, fresh = [] } = stateOf(to);
      if (isSilent === true) return never();
      const { later, ...before } = stateOf(to);
      if (later !== undefined) states.set(to, { ...before, ...later });
      const beats = fresh.map((incarnation) => ({ incarnation, node: incarnation, count: 1, isFresh: true }));
      const stand: Stand = { isWritable, fault, line: isWritable ? line : '', startedMs, followed, beats };
      return Promise.resolve(stand);
    },
    ping: ({ to }) => (stateOf(to).hangs === true ? never() : Promise.resolve()),
    follow: async ({ to }, { line, followed }) => {
      const state = stateOf(to);
      if (state.followed?.term !== followed?.term) return false;
      state.followed = { line, term: (followed?.term ?? 0) + 1 };
      return true;
    },
    limitMs: 20,
    moved: () => {
      moves += 1;
    },
  });
  servers.watch({ warned: (text) => told.push(text), split: (text) => told.push(text ?? 'whole again') });
  const set = (host: Host, state: State) => states.set(host, { ...stateOf(host), ...state });
  return { servers, set, stateOf, tried, told, moves: () => moves, open: () => open };
}

const promoted = { isWritable: true, line: 'new' };

test('the first that takes writes is used, and stays so while it does', async () => {
  const { servers, set, moves, open } = world({}, { isWritable: true });
  assert.equal((await servers.connect()).to, two);
  set(one, { isWritable: true });
  assert.equal((await servers.connect()).to, two);
  assert.deepEqual([servers.name, moves(), open()], ['two:2', 0, 2]);
});

test('once it only reads, all are looked at; the data of the promoted one say then that it is followed', async () => {
  const { servers, set, stateOf, moves, told } = world({ isWritable: true }, {});
  assert.equal((await servers.connect()).to, one);
  set(one, { isWritable: false });
  set(two, promoted);
  assert.equal((await servers.connect()).to, two);
  assert.deepEqual([stateOf(two).followed, moves()], [{ line: 'new', term: 2 }, 1]);
  assert.deepEqual(told, ['the database is used at two:2 from now on']);
});

test('one that may lose what it acknowledges is left, and used again once that is mended', async () => {
  const { servers, set, moves, told } = world({ isWritable: true }, {});
  await servers.connect();
  set(one, { fault: 'set fsync = on' });
  const refused = { judgement: 'unreached', message: /one:1: set fsync = on; two:2: it only reads/ };
  await assert.rejects(servers.connect(), refused);
  await assert.rejects(servers.lookAround(), refused);
  assert.deepEqual([moves(), told], [1, ['the database is not used: one:1: set fsync = on']]);
  set(one, { fault: undefined });
  await servers.lookAround();
  assert.equal((await servers.connect()).to, one);
});

test('one that was away and is back is not believed alone: the other one was promoted meanwhile', async () => {
  const { servers, set } = world({ isWritable: true }, {});
  assert.equal((await servers.connect()).to, one);
  servers.beaten('mine', 1);
  set(one, { startedMs: 60_000 });
  set(two, { ...promoted, fresh: ['mine'] });
  assert.equal((await servers.connect()).to, two);
});

test('the old one that comes back is refused, told once, and told when it is over', async () => {
  const { servers, set, told } = world({ isWritable: true }, {});
  await servers.connect();
  set(one, { isUp: false });
  set(two, promoted);
  await servers.connect();
  told.splice(0);
  set(one, { isUp: true });
  for (const _ of [1, 2]) await servers.lookAround();
  assert.equal((await servers.connect()).to, two);
  set(two, { isUp: false });
  await assert.rejects(servers.connect(), /one:1: it takes writes, but its data are older.*two:2: it is down/);
  set(two, { isUp: true });
  set(one, { isUp: false });
  await servers.lookAround();
  set(one, { isUp: true });
  await servers.lookAround();
  set(one, { isUp: false });
  for (const _ of [1, 2]) await servers.lookAround();
  assert.match(told[0] ?? '', /^the database is split: two:2 is used, and another one takes writes too: one:1/);
  assert.deepEqual(told.slice(3), ['whole again']);
});

test('a replica tells what its primary did not yet when that was looked at: that is no split', async () => {
  const followed = { line: 'old', term: 2 };
  const { servers, told } = world({ isWritable: true, later: { followed } }, { followed });
  assert.equal((await servers.connect()).to, one);
  assert.deepEqual(told, []);
});

test('while nothing is new the host in use is not looked at again; all are where another one takes writes', async () => {
  const { servers, set, tried, told } = world({ isWritable: true, fresh: ['mine'] }, {});
  await servers.connect();
  tried.splice(0);
  await servers.lookBeside();
  set(two, { isUp: false });
  await servers.lookBeside();
  assert.deepEqual([tried.splice(0), told], [['two', 'two'], []]);
  set(two, { isUp: true, ...promoted });
  await servers.lookBeside();
  assert.ok(tried.includes('one'));
  assert.match(told[0] ?? '', /^the database is split: one:1 is used/);
  tried.splice(0);
  await servers.lookBeside();
  assert.deepEqual(tried, ['one', 'two'], 'also as long as that lasts');
});

test('a replica that tells of a later term is something new', async () => {
  const { servers, set, tried } = world({ isWritable: true }, {});
  await servers.connect();
  tried.splice(0);
  set(two, { followed: { line: 'new', term: 2 } });
  await assert.rejects(servers.lookBeside(), /its data are older/);
  assert.ok(tried.includes('one'));
});

test('behind one name another server answers, whose data are older: it is refused', async () => {
  const { servers, set } = world({ ...promoted, followed: { line: 'new', term: 2 } }, { isUp: false });
  await servers.connect();
  set(one, { line: 'old', followed: { line: 'old', term: 1 } });
  await assert.rejects(servers.connect(), /its data are older/);
});

test('a primary that takes connections and acknowledges nothing is left for the promoted one', async () => {
  const { servers, set } = world({ isWritable: true, fresh: ['mine'] }, {});
  assert.equal((await servers.connect()).to, one);
  set(two, promoted);
  await servers.lookAround();
  assert.equal(servers.name, 'one:1');
  set(one, { hangs: true });
  await servers.lookAround();
  assert.equal(servers.name, 'two:2');
});

test('several coordinators follow at once: the term rises by one', async () => {
  const { servers, set, stateOf } = world({ isUp: false }, promoted);
  await Promise.all([servers.connect(), servers.connect()]);
  assert.deepEqual(stateOf(two).followed, { line: 'new', term: 2 });
  set(two, { line: 'newer', followed: { line: 'newest', term: 9 } });
  await servers.connect();
  assert.deepEqual(stateOf(two).followed, { line: 'newer', term: 10 });
});

test('while none takes writes, who asks is told why of each, and is not tried for again at once', async () => {
  const { servers, tried, open } = world({ isUp: false }, {});
  await assert.rejects(servers.connect(), /^RemoteError: one:1: it is down; two:2: it only reads$/);
  await assert.rejects(servers.connect(), { judgement: 'unreached' });
  assert.deepEqual([tried, open()], [['one', 'two'], 0]);
});

test('a server that accepts connections and says nothing holds up nobody for long: the other one is used', async () => {
  const { servers } = world({ isWritable: true, isSilent: true }, { isWritable: true });
  assert.equal((await servers.connect()).to, two);
});
