import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Ended, replayOf, simulate } from './simulator.ts';

/** Seeds of a whole range are worlds of every kind; a range is a process of its own. */
const ranges = ['1..250', '251..500'] as const;

const ended = new Map<string, Ended>();
const total: Record<string, number> = {};

before(async () => {
  const runs = ranges.map(async (range) => {
    const run = await simulate(['--seeds', range]);
    ended.set(range, run);
    if (run.kind !== 'kept') return;
    for (const [what, count] of Object.entries(run.statistics)) total[what] = (total[what] ?? 0) + count;
  });
  await Promise.all(runs);
});

for (const range of ranges) {
  test(`seeds ${range}: every promise is kept`, () => {
    const run = ended.get(range);
    if (run?.kind === 'broken') assert.fail(`seed ${run.seed}: ${run.message}\nreplay: ${replayOf(run.seed)}`);
    assert.equal(run?.kind, 'kept');
  });
}

/** A simulator that injects nothing proves nothing: all of this occurred, so often at least. */
const occurred: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'every pattern, with every end': {
    'saga succeed': 500,
    'saga failed': 500,
    'saga aborting': 500,
    'msg succeed': 500,
    'msg failed': 200,
    'tcc succeed': 300,
    'tcc failed': 300,
    'stopped by an operator': 50,
  },
  'every kind of call': {
    'called action': 5000,
    'called compensate': 1000,
    'called confirm': 1000,
    'called cancel': 1000,
    'called msg': 200,
    'call kept back': 100,
  },
  'trouble with nodes': {
    crashed: 100,
    'crashed at commit sent': 20,
    'crashed at commit applied': 20,
    'crashed at claim applied': 20,
    'crashed at call sent': 20,
    'crashed at call answered': 20,
    paused: 50,
    suspended: 50,
    'wall clock jumped': 30,
    'stopped cleanly': 50,
    'start failed': 10,
    'taken over': 200,
    'driven again': 20,
    'changed under the ownership of another': 10,
  },
  'trouble with the store': {
    'store commit done-unknown': 100,
    'store commit done late': 30,
    'store commit lost': 100,
    'store commit not-done': 100,
    'store commit full': 50,
    'store commit of a dead process done': 10,
    'store commit of a dead process lost': 10,
    'store claim done-unknown': 50,
    'store heartbeat lost': 100,
    'store read lost': 100,
    'store trouble: cutOff': 20,
    'store trouble: everybody': 20,
    'store trouble: heartbeats': 20,
    'disk full': 20,
  },
  'trouble with the network and the services': {
    'request lost': 100,
    'request duplicated': 100,
    'answer lost': 100,
    'answer too late': 100,
    'call refused': 100,
    'call timed out': 100,
    'call of a dead caller arrived': 50,
    'call of a dead caller lost': 20,
    'answered failure': 500,
    'answered ongoing': 100,
    'error before effect': 100,
    'error after effect': 100,
    'second phase refused': 20,
    'service down': 50,
    'service silent': 50,
    'client request duplicated': 100,
    'client request lost': 100,
    'answer to a client lost': 100,
    'client gave up waiting': 100,
  },
  'what the barriers are for': {
    'barrier: repeated': 500,
    'barrier: null-compensation': 200,
    'barrier: too-late': 10,
  },
};

for (const [what, counts] of Object.entries(occurred)) {
  test(`occurred: ${what}`, () => {
    const rare = Object.entries(counts).filter(([name, least]) => (total[name] ?? 0) < least);
    assert.deepEqual(
      rare.map(([name, least]) => `${name}: ${total[name] ?? 0}, expected ${least} at least`),
      [],
    );
  });
}

test('what was lived through, for the record', (context) => {
  const lines = Object.entries(total).map(([what, count]) => `${what}: ${count}`);
  context.diagnostic(lines.sort().join('; '));
  assert.ok((total['worlds'] ?? 0) >= 500);
});
