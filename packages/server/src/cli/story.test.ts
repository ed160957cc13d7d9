import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Shown, storyOf } from './story.ts';

const at = '2026-01-01T00:00:10.000Z';
const nothing = { status: 'failed', reason: '', calls: [], hasMoreCalls: false };

function shown(more: Partial<Shown> = {}, next: Partial<Shown['next']> = {}): Shown {
  return {
    ...{ gid: 'g', type: 'saga', status: 'aborting', reason: '', incident: '', incidentKind: null, createdAt: at },
    ...{
      finishedAt: null,
      dueAt: at,
      attemptCount: 0,
      isDrivenHere: true,
      owner: 'n',
      ownerName: null,
      ignoredFields: [],
    },
    ...{ unknownFields: [], operatorDecisions: [], untold: [], branches: [], attempts: [], attemptsDropped: 0 },
    ...{ inFlight: [], heldBack: [], onAbort: { isAllowed: true, ...nothing }, now: at },
    ...{ onRollback: { isAllowed: true, ...nothing }, onTimeout: { at, ...nothing, status: 'prepared' } },
    ...more,
    next: {
      what: 'wait',
      at: null,
      calls: [],
      rule: 'in-flight',
      because: '',
      lastFailure: null,
      sooner: null,
      ...next,
    },
  };
}

test('the command that does it sooner is named', () => {
  assert.match(storyOf(shown({}, { sooner: 'retry' })), /^ {2}sooner: holdfast retry g$/m);
  assert.match(
    storyOf(shown({}, { sooner: 'do-not-wait' })),
    /^ {2}sooner: holdfast rollback --do-not-wait g .*may still run.*barrier/m,
  );
});

test('a gid is one argument of the command, and none of the shell', () => {
  const sooner = (gid: string) => /sooner: holdfast (.*)/.exec(storyOf(shown({ gid }, { sooner: 'retry' })))?.[1];
  assert.equal(sooner('order/17:a'), 'retry order/17:a');
  assert.equal(sooner('$(reboot)'), "retry '$(reboot)'");
  assert.equal(sooner("it's `this`"), "retry 'it'\\''s `this`'");
  assert.equal(sooner('--yes'), "retry -- '--yes'");
});

test('while calls are out it says by when it goes on at the latest', () => {
  const call = { branchId: '01', op: 'action', url: '', askedAt: at, sentAt: at };
  const inFlight = [
    { ...call, until: '2026-01-01T00:00:30.000Z' },
    { ...call, until: '2026-01-01T00:00:20.000Z' },
    { ...call, sentAt: null, until: null },
  ];
  assert.match(
    storyOf(shown({ inFlight })),
    /^next: it goes on with an answer, at 2026-01-01T00:00:20\.000Z at the latest$/m,
  );
  assert.match(
    storyOf(shown({}, { what: 'incident', rule: 'prepared-waits' })),
    /^next: it begins to wait for a decision$/m,
  );
});

test('an answer of ONGOING is no failure', () => {
  const last = { branchId: '01', op: 'action', url: '', at, reason: 'words' };
  assert.match(storyOf(shown({}, { lastFailure: { ...last, outcome: 'error' } })), /^ {2}last failure: 01 action/m);
  assert.match(storyOf(shown({}, { lastFailure: { ...last, outcome: 'ongoing' } })), /^ {2}last answer: 01 action/m);
});

test('where nothing is called nothing need succeed; what is not final is no end', () => {
  const story = storyOf(shown());
  assert.match(story, /^an abort now: calls nothing; it ends failed$/m);
  assert.match(story, /^its time-out: at \S+: calls nothing; it stays prepared and waits for a decision$/m);
});

test('the note of an attempt stands below it', () => {
  const attempt = { branchId: '01', op: 'action', url: '', at, durationMs: 5, outcome: 'success', reason: '' };
  const story = storyOf(shown({ attempts: [{ ...attempt, note: 'sent twice' }] }));
  assert.match(story, /success {2}5 ms\n {4}note: sent twice$/m);
});

test('who holds the place that it waits for is named', () => {
  const place = { gid: 'other', branchId: '02', op: 'action', since: at, until: at };
  const held = { kind: 'slot', destination: 'http://a', since: at, probeAt: null, callsOut: 256 } as const;
  assert.match(
    storyOf(shown({ heldBack: [{ ...held, longest: [place] }] })),
    /http:\/\/a has no free place, 256 calls are out, the longest for 02 action of other since .*holdfast destinations/,
  );
});

test('who drives it is told by name, with the id of its life', () => {
  const driver = (more: Partial<Shown>) => /driven by (.*)/u.exec(storyOf(shown(more)))?.[1];
  assert.equal(driver({}), 'this node');
  assert.equal(driver({ owner: null, isDrivenHere: false }), 'no node: it waits');
  assert.equal(driver({ owner: 'i2', isDrivenHere: false }), 'node i2');
  const elsewhere = { owner: 'i2', ownerName: 'host:2', isDrivenHere: false };
  assert.equal(driver(elsewhere), 'node host:2 (i2)');
  assert.match(storyOf(shown(elsewhere)), /only that node knows which calls are out: what follows is what is stored$/m);
  assert.doesNotMatch(storyOf(shown({})), /only that node/);
});
