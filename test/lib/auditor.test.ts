import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { audit, type Queried } from './auditor.ts';
import type { Note } from './client.ts';
import { Ledger } from './ledger.ts';
import type { MessageScenario, SagaScenario, Scenario, TccScenario, WorkflowScenario, XaScenario } from './scenario.ts';

const saga: SagaScenario = {
  kind: 'saga',
  gid: 'g',
  steps: [1, 2, 3].map((delta) => ({ action: { delta }, compensate: { delta } })),
  concurrent: false,
  orders: {},
  waitResult: false,
  timeoutSeconds: 0,
  retryLimit: 0,
  end: 'succeed',
};
const message: MessageScenario = {
  kind: 'msg',
  gid: 'g',
  plan: 'commit',
  steps: [{ delta: 1 }],
  query: {},
  concurrent: false,
};
const tcc: TccScenario = {
  kind: 'tcc',
  gid: 'g',
  plan: 'submit',
  branches: [{ delta: 1, confirm: {}, cancel: {} }],
};

const xa: XaScenario = { kind: 'xa', gid: 'g', plan: 'submit', branches: [{ delta: 1 }] };
const workflow: WorkflowScenario = {
  kind: 'workflow',
  gid: 'g',
  deltas: [1, -1],
  failing: undefined,
  leavesBefore: undefined,
};

function noted(scenario: Scenario, known: Partial<Note> = {}): Note {
  return {
    scenario,
    prepared: false,
    submitAsked: true,
    submitted: true,
    aborted: false,
    seenToSucceed: false,
    committed: false,
    registered: [],
    ...known,
  };
}

/** Audits a ledger in which these operations had effect, in this order. */
function judge(
  note: Note,
  status: string | null,
  did: readonly string[],
  ops: readonly string[] = [],
  said = {},
): string {
  const ledger = new Ledger();
  for (const text of did) {
    const [op = '', branchId = ''] = text.split(' ');
    assert.equal(ledger.pass('g', branchId, op, 1), 'ran');
  }
  const queried: Queried = {
    transaction: status === null ? null : { status, trans_type: note.scenario.kind, ...said },
    branches: ops.map((op) => ({ branch_id: '01', op, status: 'succeed' })),
  };
  return audit(note, ledger, queried).join('; ');
}

const forward = ['action 01', 'action 02', 'action 03'];
const failing: SagaScenario = { ...saga, end: 'failed' };

describe('the auditor', () => {
  it('finds nothing wrong with what is right', () => {
    assert.equal(judge(noted(saga), 'succeed', forward), '');
    assert.equal(judge(noted(failing), 'failed', ['action 01', 'action 02', 'compensate 02', 'compensate 01']), '');
    assert.equal(judge(noted(saga, { submitted: false }), null, []), '');
    assert.equal(judge(noted(message, { prepared: true, committed: true }), 'succeed', ['msg 00', 'action 01']), '');
    const known = { prepared: true, registered: ['01'] };
    assert.equal(judge(noted(tcc, known), 'succeed', ['try 01', 'confirm 01'], ['cancel', 'confirm']), '');
    const unsure = { ...known, submitted: false };
    assert.equal(judge(noted(tcc, unsure), 'failed', ['try 01', 'cancel 01'], ['cancel', 'confirm']), '');
  });

  it('finds nothing wrong with what is right of an xa and a workflow', () => {
    const known = { prepared: true, registered: ['01'] };
    assert.equal(judge(noted(xa, known), 'succeed', ['xa 01', 'commit 01'], ['rollback', 'commit']), '');
    const aborted = { ...known, submitted: false };
    assert.equal(judge(noted(xa, aborted), 'failed', ['xa 01', 'rollback 01'], ['rollback', 'commit']), '');
    const ended = { result: Buffer.from('g').toString('base64') };
    const stepped = { prepared: true, registered: ['01 action'] };
    assert.equal(judge(noted(workflow, stepped), 'succeed', ['step 01', 'step 02'], ['action'], ended), '');
    const undone = ['step 01', 'undo 01'];
    const back = noted({ ...workflow, failing: 1 }, { prepared: true });
    assert.equal(judge(back, 'failed', undone, [], { rollback_reason: 'g' }), '');
  });

  const violations: [string, Note, string | null, string[], string[], RegExp][] = [
    ['an acknowledged one is gone', noted(saga), null, [], [], /not known any more/],
    ['an unknown one acted', noted(saga, { submitted: false }), null, ['action 01'], [], /but acted/],
    ['one does not end', noted(saga), 'submitted', forward, [], /did not end/],
    ['one fails that should succeed', noted(saga), 'failed', [], [], /instead of succeed/],
    ['a succeeded one lacks an action', noted(saga), 'succeed', ['action 01', 'action 03'], [], /did \[/],
    [
      'steps run in the wrong order',
      noted(saga),
      'succeed',
      ['action 02', 'action 01', 'action 03'],
      [],
      /came before/,
    ],
    ['a failed one is not undone', noted(failing), 'failed', ['action 01'], [], /not undone/],
    [
      'it is undone in forward order',
      noted(failing),
      'failed',
      ['action 01', 'action 02', 'compensate 01', 'compensate 02'],
      [],
      /came before/,
    ],
    [
      'it is undone against the edges of a graph',
      noted({ ...failing, concurrent: true, orders: { 2: [0] } }),
      'failed',
      ['action 01', 'action 03', 'compensate 01', 'compensate 03'],
      [],
      /came before/,
    ],
    ['a succeeded one is undone', noted(saga), 'succeed', [...forward, 'compensate 03'], [], /did \[/],
    [
      'a committed message is not delivered',
      noted(message, { prepared: true, committed: true }),
      'failed',
      ['msg 00'],
      [],
      /instead of succeed/,
    ],
    [
      'a message without commit is delivered',
      noted(message, { prepared: true, submitted: false }),
      'succeed',
      ['action 01'],
      [],
      /instead of failed/,
    ],
    [
      'a registered branch is gone',
      noted(tcc, { prepared: true, registered: ['01'] }),
      'succeed',
      ['try 01', 'confirm 01'],
      ['cancel'],
      /is stored as "cancel"/,
    ],
    ['a commit is missing', noted(xa, { prepared: true }), 'succeed', ['xa 01'], [], /did \[/],
    [
      'a registered step is gone',
      noted(workflow, { prepared: true, registered: ['01 action'] }),
      'succeed',
      ['step 01', 'step 02'],
      ['rollback'],
      /01 action was acknowledged/,
    ],
    [
      'a result is gone',
      noted(workflow, { prepared: true }),
      'succeed',
      ['step 01', 'step 02'],
      [],
      /its result is ""/,
    ],
    ['a confirm is missing', noted(tcc, { prepared: true }), 'succeed', ['try 01'], [], /did \[/],
    [
      'what was said to have succeeded failed',
      noted(failing, { seenToSucceed: true }),
      'failed',
      [],
      [],
      /was said to have succeeded/,
    ],
  ];
  for (const [what, note, status, did, ops, wrong] of violations) {
    it(`notices when ${what}`, () => assert.match(judge(note, status, did, ops), wrong));
  }
});
