import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError, type Stuck, type Write, type WriteResult } from '../store/store.ts';
import { Journal, type JournalLimits } from './journal.ts';
import type { Runtime } from './ports.ts';

const limits: JournalLimits = {
  batchRows: 10,
  batchBytes: 1000,
  softRows: 50,
  softBytes: 10_000,
  hardRows: 80,
  hardBytes: 20_000,
};

const append = (gid: string, token = gid): Write => ({
  kind: 'append',
  gid,
  token,
  type: 'tcc',
  whileStatus: 'prepared',
  branches: [],
  maxBranches: 10,
  maxBytes: 1000,
});

/** A journal over a store that cannot write some gids, on a clock moved by hand. */
function world() {
  const stuck = new Set<string>();
  const batches: string[] = [];
  const log: string[] = [];
  const notes: string[] = [];
  const timers: { readonly atMs: number; readonly action: () => void }[] = [];
  let nowMs = 0;
  const failures: StoreError[] = [];
  const runtime: Runtime = {
    wallMs: () => 0,
    monotonicMs: () => nowMs,
    setTimer: (delayMs, action) => {
      timers.push({ atMs: nowMs + delayMs, action });
      return { cancel: () => undefined };
    },
    soon: (action) => timers.push({ atMs: nowMs, action }),
    random: () => 0,
    newId: () => '',
  };
  const commit = async (batch: readonly Write[]): Promise<(WriteResult | Stuck)[]> => {
    batches.push(batch.map(({ token }) => token).join(' '));
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return batch.map(({ gid }) => (stuck.has(gid) ? { stuck: 'somebody holds a lock' } : 'done'));
  };
  const journal = new Journal({ commit, ping: async () => undefined }, runtime, limits, {
    committed: () => undefined,
    paused: (reason) => log.push(`paused ${reason}`),
    stuck: (gid, reason) => log.push(reason === undefined ? `${gid} again` : `${gid}: ${reason}`),
    lasting: async ({ gid }, reason) => {
      notes.push(`${gid}: ${reason}`);
      if (notes.length === 1) throw new Error('it could not be noted');
    },
    fatal: (error) => log.push(`fatal ${error}`),
  });
  /** Time passes; what is due meanwhile happens, in its order. */
  const pass = async (ms: number) => {
    const untilMs = nowMs + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      timers.sort((one, other) => one.atMs - other.atMs);
      const [next] = timers;
      if (next === undefined || next.atMs > untilMs) break;
      timers.shift();
      nowMs = Math.max(nowMs, next.atMs);
      next.action();
    }
    nowMs = untilMs;
  };
  const results: string[] = [];
  const tell = (name: string) => (result: string) => results.push(`${name} ${result}`);
  return { journal, stuck, batches, log, notes, failures, results, tell, pass };
}

test('one write that is stuck is tried again by itself, and all others go on', async () => {
  const { journal, stuck, batches, results, tell, pass } = world();
  stuck.add('b');
  for (const gid of ['a', 'b', 'c']) journal.write(append(gid), 1, tell(gid));
  await pass(0);
  assert.deepEqual(results, ['a done', 'c done']);
  for (const gid of ['d', 'e']) journal.write(append(gid), 1, tell(gid));
  await pass(300);
  assert.deepEqual(results, ['a done', 'c done', 'd done', 'e done']);
  assert.deepEqual([...new Set(batches)], ['a b c', 'd e', 'b']);
  stuck.clear();
  await pass(1000);
  assert.equal(results.at(-1), 'b done');
  await journal.drained();
});

test('later writes of that transaction wait behind it, in their order', async () => {
  const { journal, stuck, results, tell, pass } = world();
  stuck.add('b');
  for (const token of ['b1', 'b2', 'b3']) journal.write(append('b', token), 1, tell(token));
  journal.write(append('a'), 1, tell('a'));
  await pass(500);
  assert.deepEqual(results, ['a done']);
  stuck.clear();
  await pass(2000);
  assert.deepEqual(results, ['a done', 'b1 done', 'b2 done', 'b3 done']);
});

test('who waits for it is told after a second, once it is told in the log; a driver keeps trying', async () => {
  const { journal, stuck, results, log, tell, pass } = world();
  stuck.add('a').add('b');
  journal.tryWrite(append('a'), 1, tell('a'));
  journal.write(append('b'), 1, tell('b'));
  await pass(700);
  assert.deepEqual([results, log], [[], []]);
  await pass(10_000);
  assert.deepEqual(results, ['a given-up']);
  assert.deepEqual(log, ['a: somebody holds a lock', 'b: somebody holds a lock']);
  stuck.clear();
  await pass(3000);
  assert.deepEqual(results, ['a given-up', 'b done']);
  assert.equal(log.at(-1), 'b again');
});

test('what lasts for ten seconds is noted, once that can be; how many are stuck is known', async () => {
  const { journal, stuck, notes, tell, pass } = world();
  stuck.add('a').add('b');
  for (const gid of ['a', 'b', 'c']) journal.write(append(gid), 1, tell(gid));
  await pass(900);
  assert.equal(journal.stuckCount, 0);
  await pass(8000);
  assert.deepEqual([journal.stuckCount, notes], [2, []]);
  stuck.delete('b');
  await pass(60_000);
  assert.deepEqual(notes, ['a: somebody holds a lock', 'a: somebody holds a lock']);
  assert.equal(journal.stuckCount, 1);
  stuck.clear();
  await pass(3000);
  assert.equal(journal.stuckCount, 0);
});

test('what may have been written is not given up, however long its row is locked then', async () => {
  const { journal, stuck, failures, results, tell, pass } = world();
  failures.push(new StoreError('unknown-outcome', 'the connection is gone'));
  stuck.add('a');
  journal.tryWrite(append('a'), 1, tell('a'));
  await pass(30_000);
  assert.deepEqual(results, []);
  stuck.clear();
  await pass(3000);
  assert.deepEqual(results, ['a done']);
});

test('a stop waits for no lock: who waits is told', async () => {
  const { journal, stuck, results, tell, pass } = world();
  stuck.add('a').add('b');
  journal.tryWrite(append('a'), 1, tell('a'));
  journal.write(append('b'), 1, tell('b'));
  await pass(100);
  await journal.stop();
  assert.deepEqual(results, ['a given-up']);
  assert.equal(journal.pressure, 'free');
});
