import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BranchOperation } from '@holdfast/core';
import { type CommitsAtOnce, StoreError, type Write, type WriteResult } from '../store/store.ts';
import { Journal, type JournalLimits } from './journal.ts';
import type { Runtime } from './ports.ts';

const limits: JournalLimits = {
  batchRows: 3,
  batchBytes: 1000,
  softRows: 5,
  softBytes: 10_000,
  hardRows: 8,
  hardBytes: 20_000,
};

const branches: BranchOperation[] = [];
const append = (gid: string, token = gid): Write => ({
  kind: 'append',
  gid,
  token,
  type: 'tcc',
  whileStatus: 'prepared',
  branches,
  maxBranches: 10,
  maxBytes: 1000,
});

/** A journal over a store that is told how each commit ends; `turn` runs what waits for the event loop. */
function world(
  commit: (batch: readonly Write[]) => Promise<readonly WriteResult[]>,
  ping: () => Promise<void> = async () => undefined,
  commitsAtOnce?: CommitsAtOnce,
  within = limits,
) {
  const waiting: (() => void)[] = [];
  const log: string[] = [];
  let nowMs = 0;
  const runtime: Runtime = {
    wallMs: () => 0,
    monotonicMs: () => nowMs,
    setTimer: (delayMs, action) => {
      log.push(`timer ${delayMs}`);
      waiting.push(() => {
        nowMs += delayMs;
        action();
      });
      return { cancel: () => undefined };
    },
    soon: (action) => waiting.push(action),
    random: () => 0,
    newId: () => '',
  };
  const journal = new Journal({ commit, ping, ...(commitsAtOnce && { commitsAtOnce }) }, runtime, within, {
    committed: (rows) => log.push(`committed ${rows}`),
    paused: (reason) => log.push(`paused ${reason}`),
    stuck: (gid, reason) => log.push(`stuck ${gid} ${reason}`),
    lasting: async () => undefined,
    fatal: (error) => log.push(`fatal ${error}`),
  });
  const turn = async () => {
    do {
      for (const action of waiting.splice(0)) action();
      await new Promise((resolve) => setImmediate(resolve));
    } while (waiting.length > 0);
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { journal, log, turn, pass };
}

test('what is written in one turn is one batch, up to its limits', async () => {
  const batches: string[][] = [];
  const { journal, turn } = world(async (batch) => {
    batches.push(batch.map((write) => write.gid));
    return batch.map(() => 'done');
  });
  for (const gid of ['a', 'b', 'c', 'd']) journal.write(append(gid), 1, () => undefined);
  journal.write(append('e'), 2000, () => undefined);
  await turn();
  await journal.drained();
  assert.deepEqual(batches, [['a', 'b', 'c'], ['d'], ['e']]);
});

test('at most one write per gid is in a batch, and writes of one gid keep their order', async () => {
  const batches: string[][] = [];
  const { journal, turn } = world(async (batch) => {
    batches.push(batch.map((write) => write.token));
    return batch.map(() => 'done');
  });
  for (const token of ['a1', 'a2', 'b1', 'a3']) journal.write(append(token.charAt(0), token), 1, () => undefined);
  await turn();
  assert.deepEqual(batches, [['a1', 'b1'], ['a2'], ['a3']]);
});

test('a refused write fails alone', async () => {
  const { journal, turn } = world(async (batch) => batch.map(({ gid }) => (gid === 'b' ? 'conflict' : 'done')));
  const results: string[] = [];
  for (const gid of ['a', 'b', 'c']) journal.write(append(gid), 1, (result) => results.push(`${gid} ${result}`));
  await turn();
  assert.deepEqual(results, ['a done', 'b conflict', 'c done']);
});

test('a batch of unknown outcome is issued again, the same, and nobody is answered before it is known', async () => {
  const seen: string[] = [];
  let calls = 0;
  const { journal, turn, log } = world(async (batch) => {
    calls += 1;
    seen.push(batch.map((write) => write.token).join());
    if (calls < 3) throw new StoreError(calls === 1 ? 'unknown-outcome' : 'not-done', 'the connection is gone');
    return batch.map(() => 'done');
  });
  const results: string[] = [];
  journal.write(append('a', 'a1'), 1, (result) => results.push(`${result} after ${calls}`));
  await turn();
  assert.deepEqual(seen, ['a1', 'a1', 'a1']);
  assert.deepEqual(results, ['done after 3']);
  assert.deepEqual(log.slice(0, 4), [
    'paused the connection is gone',
    'timer 20',
    'paused the connection is gone',
    'timer 40',
  ]);
  assert.equal(log.at(-1), 'paused undefined');
});

test('an I/O error of the store is fatal: nobody is answered', async () => {
  const { journal, turn, log } = world(async () => {
    throw new StoreError('fatal', 'disk gone');
  });
  journal.write(append('a'), 1, () => assert.fail('answered'));
  await turn();
  assert.deepEqual(log, ['fatal StoreError: disk gone']);
});

test('after a fatal error it has ended: who waits is told, nothing more is committed, and a stop does not wait', async () => {
  let commits = 0;
  const { journal, turn, log } = world(async () => {
    commits += 1;
    throw new StoreError('fatal', 'disk gone');
  });
  const results: string[] = [];
  const tell = (name: string) => (result: string) => results.push(`${name} ${result}`);
  for (const gid of ['a', 'b', 'c']) journal.write(append(gid), 1, tell(gid));
  journal.tryWrite(append('d'), 1, tell('d'));
  await turn();
  journal.write(append('e'), 1, tell('e'));
  journal.tryWrite(append('f'), 1, tell('f'));
  await turn();
  await Promise.all([journal.stop(), journal.drained()]);
  assert.equal(commits, 1);
  assert.deepEqual(results, ['d given-up', 'f given-up']);
  assert.deepEqual(log, ['fatal StoreError: disk gone']);
});

test('an I/O error that shows while nobody has anything to write is fatal too', async () => {
  const { journal, turn, log } = world(
    async () => {
      throw new StoreError('full', 'database or disk is full');
    },
    async () => {
      throw new StoreError('fatal', 'disk gone');
    },
  );
  journal.tryWrite(append('client'), 1, () => undefined);
  await turn();
  await journal.stop();
  assert.equal(log.at(-1), 'fatal StoreError: disk gone');
});

for (const [code, told] of [
  ['not-done', ['given-up']],
  ['unknown-outcome', []],
] as const) {
  test(`stopped between two attempts (${code}): it resolves, and who waits is told only where nothing was written`, async () => {
    const { journal, turn } = world(async () => {
      // Stopped before the next attempt, which is therefore not made.
      setImmediate(() => stopped.resolve(journal.stop()));
      throw new StoreError(code, 'away');
    });
    const stopped = Promise.withResolvers<void>();
    const results: string[] = [];
    journal.tryWrite(append('a'), 1, (result) => results.push(result));
    await turn();
    await stopped.promise;
    assert.deepEqual(results, told);
  });
}

test('pressure names the bound that is reached', async () => {
  const { journal, turn } = world(async (batch) => batch.map(() => 'done'));
  assert.equal(journal.pressure, 'free');
  for (let index = 0; index < 5; index += 1) journal.write(append(`g${index}`), 1, () => undefined);
  assert.equal(journal.pressure, 'soft');
  journal.write(append('big'), 20_000, () => undefined);
  assert.equal(journal.pressure, 'hard');
  await turn();
  assert.equal(journal.pressure, 'free');
});

test('a full store: who waits is told at once, drivers keep waiting, and it goes on when there is room', async () => {
  let isFull = true;
  const written: string[] = [];
  const { journal, turn } = world(async (batch) => {
    if (isFull && written.length === 0) {
      isFull = false;
      throw new StoreError('full', 'database or disk is full');
    }
    written.push(...batch.map(({ gid }) => gid));
    return batch.map(() => 'done');
  });
  const results: string[] = [];
  journal.tryWrite(append('client'), 1, (result) => results.push(`client ${result}`));
  journal.write(append('driver'), 1, (result) => results.push(`driver ${result}`));
  await turn();
  assert.deepEqual(results, ['client given-up', 'driver done']);
  assert.deepEqual(written, ['driver']);
  assert.equal(journal.trouble, undefined);
});

test('B7: a store that cannot write for a second is in trouble: who waits is told, unless the outcome is unknown', async () => {
  for (const [code, told] of [
    ['not-done', 'given-up'],
    ['unknown-outcome', 'done'],
  ] as const) {
    let calls = 0;
    const troubles: (string | undefined)[] = [];
    const { journal, turn } = world(async (batch) => {
      calls += 1;
      troubles.push(journal.trouble);
      if (calls < 9) throw new StoreError(calls === 1 ? code : 'not-done', 'away');
      return batch.map(() => 'done');
    });
    const results: string[] = [];
    journal.tryWrite(append('client'), 1, (result) => results.push(result));
    journal.write(append('driver'), 1, () => undefined);
    await turn();
    assert.deepEqual(results, [told], code);
    assert.equal(troubles.at(3), undefined, 'not after 140 ms');
    assert.equal(troubles.at(8), 'away');
    assert.equal(journal.trouble, undefined);
  }
});

test('who waits behind a batch that the store cannot write is told too, whatever became of that batch', async () => {
  let calls = 0;
  const { journal, turn } = world(async (batch) => {
    calls += 1;
    if (calls === 1) journal.tryWrite(append('behind'), 1, (result) => results.push(`${result} after ${calls}`));
    if (calls < 9) throw new StoreError('unknown-outcome', 'away');
    return batch.map(() => 'done');
  });
  const results: string[] = [];
  journal.write(append('driver'), 1, () => undefined);
  await turn();
  assert.deepEqual(results, ['given-up after 7']);
});

test('B8: with nobody left to write it finds out by itself when the store can again', async () => {
  let pings = 0;
  const { journal, turn, log } = world(
    async () => {
      throw new StoreError('full', 'database or disk is full');
    },
    async () => {
      pings += 1;
      if (pings < 3) throw new StoreError('full', 'database or disk is full');
    },
  );
  journal.tryWrite(append('client'), 1, () => undefined);
  await turn();
  assert.equal(pings, 3);
  assert.equal(journal.trouble, undefined);
  assert.equal(log.at(-1), 'paused undefined');
});

test('once stopped nothing more is committed: who waits is told, and it resolves after the batch under way', async () => {
  const batches: string[][] = [];
  const waiting: (() => void)[] = [];
  const { journal, turn } = world((batch) => {
    batches.push(batch.map(({ gid }) => gid));
    return new Promise((resolve) => waiting.push(() => resolve(batch.map(() => 'done'))));
  });
  const results: string[] = [];
  const tell = (name: string) => (result: string) => results.push(`${name} ${result}`);
  journal.tryWrite(append('a'), 1, tell('a'));
  await turn();
  journal.tryWrite(append('b'), 1, tell('b'));
  journal.write(append('c'), 1, tell('c'));
  const stopped = journal.stop().then(() => results.push('stopped'));
  journal.tryWrite(append('d'), 1, tell('d'));
  await turn();
  waiting[0]?.();
  await turn();
  await stopped;
  assert.deepEqual(batches, [['a']]);
  assert.deepEqual(results, ['b given-up', 'd given-up', 'a done', 'stopped']);
});

test('a store that cannot write is found out before anybody writes, and asked until it can', async () => {
  const answers = [new StoreError('full', 'no room'), new StoreError('full', 'no room'), undefined];
  const { journal, log, turn } = world(
    async (batch) => batch.map(() => 'done'),
    async () => {
      const error = answers.shift();
      if (error !== undefined) throw error;
    },
  );
  journal.check();
  await turn();
  assert.deepEqual(log, ['paused no room', 'timer 20', 'paused no room', 'timer 40', 'paused undefined']);
  assert.equal(journal.trouble, undefined);
  await journal.drained();
});

test('a store that says nothing for ten seconds is in trouble: who waits behind it is told, and its answer ends it', async () => {
  const answer = Promise.withResolvers<readonly WriteResult[]>();
  const { journal, log, turn, pass } = world(() => answer.promise);
  const results: string[] = [];
  journal.tryWrite(append('under way'), 1, (result) => results.push(`under way ${result}`));
  await turn();
  journal.tryWrite(append('behind'), 1, (result) => results.push(`behind ${result}`));
  pass(9999);
  journal.noticeSilence();
  assert.equal(journal.trouble, undefined);
  pass(1);
  assert.equal(journal.trouble, 'the disk has not answered for 10 s');
  journal.noticeSilence();
  journal.noticeSilence();
  assert.deepEqual(results, ['behind given-up']);
  answer.resolve(['done']);
  await turn();
  assert.equal(journal.trouble, undefined);
  assert.deepEqual(results, ['behind given-up', 'under way done']);
  assert.deepEqual(log, ['paused the disk has not answered for 10 s', 'committed 1', 'paused undefined']);
});

const furtherRows = 5;

/** A store that takes two batches at once, and ends each when it is told to. */
function twoAtOnce() {
  const batches: string[][] = [];
  const ends: ((error?: Error) => void)[] = [];
  const parts = world(
    (batch) => {
      batches.push(batch.map(({ token }) => token));
      return new Promise((resolve, reject) => {
        ends.push((error) => (error === undefined ? resolve(batch.map(() => 'done')) : reject(error)));
      });
    },
    async () => undefined,
    { most: 2, furtherRows },
    { ...limits, batchRows: 100 },
  );
  const results: string[] = [];
  const write = (gid: string, token = gid) =>
    parts.journal.write(append(gid, token), 1, (result) => results.push(`${token} ${result}`));
  const enough = (name: string) => Array.from({ length: furtherRows }, (_, index) => `${name}${index}`);
  return { ...parts, batches, ends, results, write, enough };
}

test('where the store takes two batches at once, another one begins once enough waits for it', async () => {
  const { turn, batches, ends, write, enough } = twoAtOnce();
  write('first');
  await turn();
  const many = enough('g');
  for (const gid of many.slice(1)) write(gid);
  await turn();
  assert.deepEqual(batches, [['first']], 'too few');
  write(many[0] ?? '');
  await turn();
  assert.equal(batches.length, 2);
  assert.equal(batches[1]?.length, furtherRows);
  for (const gid of enough('h')) write(gid);
  await turn();
  assert.equal(batches.length, 2, 'there are two');
  ends[0]?.();
  await turn();
  assert.equal(batches.length, 3);
});

test('of a gid one batch is under way: its next write waits, whatever becomes of the batches', async () => {
  const { journal, turn, batches, ends, results, write, enough } = twoAtOnce();
  write('a', 'a1');
  await turn();
  for (const gid of ['a', ...enough('g')]) write(gid, gid === 'a' ? 'a2' : gid);
  await turn();
  assert.equal(batches.length, 2);
  assert.ok(!batches[1]?.includes('a2'));
  // The first is of unknown outcome: the second has ended long before it is known.
  ends[0]?.(new StoreError('unknown-outcome', 'the connection is gone'));
  ends[1]?.();
  await turn();
  assert.deepEqual(batches[2], ['a1'], 'the same again, and not what comes behind it');
  assert.ok(!results.includes('a1 done'));
  ends[2]?.();
  await turn();
  assert.deepEqual(batches[3], ['a2']);
  ends[3]?.();
  await turn();
  await journal.drained();
  assert.deepEqual(
    results.filter((result) => result.startsWith('a')),
    ['a1 done', 'a2 done'],
  );
});

test('a store in trouble is asked for no further batch, and what was sent before the trouble does not end it', async () => {
  const { journal, log, turn, pass, batches, ends, write, enough } = twoAtOnce();
  write('a');
  await turn();
  for (const gid of enough('g')) write(gid);
  await turn();
  pass(10);
  ends[0]?.(new StoreError('not-done', 'away'));
  ends[1]?.();
  // Not the turn of the timer yet.
  await new Promise((resolve) => setImmediate(resolve));
  for (const gid of enough('h')) write(gid);
  assert.equal(log.filter((line) => line === 'paused undefined').length, 0);
  await turn();
  assert.deepEqual(batches.at(-1), ['a'], 'the one that failed alone');
  ends[2]?.();
  await turn();
  assert.equal(batches.at(-1)?.length, furtherRows);
  assert.equal(log.filter((line) => line === 'paused undefined').length, 1);
  assert.equal(journal.trouble, undefined);
});

test('stopped with two batches under way it waits for both', async () => {
  const { journal, turn, ends, results, write, enough } = twoAtOnce();
  write('a');
  await turn();
  for (const gid of enough('g')) write(gid);
  await turn();
  const stopped = journal.stop().then(() => results.push('stopped'));
  ends[1]?.();
  await turn();
  assert.ok(!results.includes('stopped'));
  ends[0]?.();
  await turn();
  await stopped;
  assert.equal(results.at(-1), 'stopped');
});
