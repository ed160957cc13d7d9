import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Ended, replayOf, simulate } from './simulator.ts';

/** Five hundred at least: worlds of every kind. More of them, or others, are slices of `npm run test:all`. */
const [first = 1, last = 500] = (process.env['HOLDFAST_TEST_SEEDS'] ?? '1..500').split('..').map(Number);
const middle = Math.floor((first + last) / 2);
/** A range is a process of its own. */
const ranges = [`${first}..${middle}`, `${middle + 1}..${last}`] as const;

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
    'saga succeed': 1500,
    'saga failed': 1500,
    'saga aborting': 1500,
    'msg succeed': 1500,
    'msg failed': 700,
    'tcc succeed': 1000,
    'tcc failed': 1000,
    'xa succeed': 500,
    'xa failed': 700,
    'workflow succeed': 1000,
    'workflow failed': 300,
    'workflow died on the way': 300,
    'workflow resumed': 500,
    'topic deleted': 50,
    'stopped by an operator': 100,
  },
  'every reason for an end': {
    'saga aborting: an action failed': 1000,
    'saga aborting: its retries were used up': 80,
    'saga aborting: its time was up': 100,
    'saga aborting: an operator asked': 100,
    'msg submitted: found to have committed': 200,
    'msg failed: found not to have committed': 200,
    'msg failed: asked for': 300,
    'tcc aborting: asked for': 500,
    'tcc aborting: its time was up': 300,
    'xa aborting: asked for': 500,
    'xa aborting: its time was up': 300,
    'workflow succeed: asked for': 1000,
    'workflow failed: asked for': 300,
    'submit and abort raced: succeed': 100,
    'submit and abort raced: failed': 100,
    incident: 200,
  },
  'every kind of call': {
    'called action': 10_000,
    'called compensate': 3000,
    'called confirm': 1500,
    'called cancel': 2000,
    'called commit': 1000,
    'called rollback': 1500,
    'called back': 2000,
    'called msg': 500,
    'call kept back': 2000,
  },
  'operators who are in the way': {
    'operator: due': 1500,
    'operator: allDue': 300,
    'operator: resubmit': 500,
    'operator: stop': 300,
    'asked during a hand-back: make due': 50,
    'asked during a hand-back: submit': 25,
    'asked during a hand-back: stop': 3,
    'operator: rollback': 300,
    'asked during a hand-back: rollback': 3,
    'operator decided: rollback': 100,
    'operator decided: rollback, on another node': 20,
    'operator decided: do-not-wait': 30,
    'operator decided: do-not-wait, on another node': 10,
    'compensated while its action was out, as an operator wanted': 2,
    'changed under the ownership of another': 20,
  },
  'a death at every await': {
    crashed: 150,
    'crashed at commit sent': 20,
    'crashed at commit applied': 30,
    'crashed at commit answered': 20,
    'crashed at claim sent': 10,
    'crashed at claim applied': 30,
    'crashed at claim answered': 20,
    'crashed at read sent': 10,
    'crashed at read applied': 10,
    'crashed at read answered': 15,
    'crashed at change sent': 2,
    'crashed at change applied': 2,
    'crashed at change answered': 2,
    'crashed at heartbeat sent': 8,
    'crashed at heartbeat applied': 3,
    'crashed at heartbeat answered': 8,
    'crashed at call sent': 20,
    'crashed at call answered': 20,
    'crashed at client served': 20,
    'crashed together with a service': 80,
  },
  'other trouble with nodes': {
    paused: 100,
    'paused past its lease': 20,
    suspended: 80,
    'went on as a new incarnation': 400,
    'wall clock jumped': 50,
    'stopped cleanly': 80,
    drained: 15,
    'start failed: locked': 50,
    'taken over after a restart': 200,
    'taken over from another node': 200,
    'driven again': 20,
  },
  'trouble with the store': {
    'committed beside another batch': 500,
    'store commit done-unknown': 200,
    'store commit divided': 10,
    'store trouble: restart': 100,
    'row locked': 500,
    'store commit done late': 50,
    'store commit lost': 700,
    'store commit not-done': 200,
    'store commit full': 150,
    'store commit fatal': 15,
    'store commit of a dead process done': 20,
    'store commit of a dead process lost': 20,
    'store claim done-unknown': 100,
    'store claim done late': 40,
    'store claim lost': 300,
    'store claim of a dead process done': 15,
    'store heartbeat lost': 900,
    'store read lost': 500,
    'store trouble: cutOff': 60,
    'store trouble: everybody': 60,
    'store trouble: heartbeats': 100,
    'disk full': 100,
    'poisoned row left alone': 60,
    'poisoned row is an incident': 60,
    'clock of the store set': 60,
    'clock of the store too fast': 30,
    'store failed over': 60,
    'monotonic clock leapt': 30,
    'monotonic clock leapt unseen': 10,
  },
  'trouble with the network and the services': {
    'request lost': 800,
    'request duplicated': 400,
    'answer lost': 200,
    'answer too late': 150,
    'call refused': 1000,
    'call timed out': 1000,
    'call of a dead caller arrived': 100,
    'call of a dead caller lost': 40,
    'answered failure': 1000,
    'answered ongoing': 200,
    'error before effect': 300,
    'error after effect': 300,
    'second phase refused': 50,
    'service down': 400,
    'service silent': 250,
    'connected slowly': 200,
    'connection was closing': 100,
    'connection lost during a call': 40,
    'sent again': 100,
    'client request duplicated': 600,
    'client request lost': 250,
    'answer to a client lost': 300,
    'client gave up waiting': 1000,
  },
  'what the barriers are for': {
    'barrier: repeated': 700,
    'barrier: null-compensation': 1000,
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
