import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransaction } from './create.ts';
import { clipDue, deadlineMs, firstDue } from './deadline.ts';
import { createdMs, defaults, message, saga, tcc, workflow } from './testing/definitions.ts';

const never = Number.POSITIVE_INFINITY;

test('time alone ends what is prepared, and a saga that has a time-out; a workflow and what is being ended, nothing', () => {
  const limited = saga(1, { options: { timeoutToFailMs: 60_000 } });
  const deadlineOf = (definition: Parameters<typeof createTransaction>[0], status: 'prepared' | 'submitted') =>
    deadlineMs(createTransaction(definition, status, defaults)) - createdMs;
  assert.deepEqual(
    [tcc(), message(1), workflow()].map((definition) => deadlineOf(definition, 'prepared')),
    [35_000, 35_000, never],
  );
  assert.deepEqual(
    [limited, saga(1), message(1, { options: { timeoutToFailMs: 60_000 } })].map((asked) =>
      deadlineOf(asked, 'submitted'),
    ),
    [60_000, never, never],
  );
  const running = createTransaction(limited, 'submitted', defaults);
  for (const status of ['aborting', 'succeed', 'failed'] as const)
    assert.equal(deadlineMs({ ...running, progress: { ...running.progress, status } }), never);
});

test('prepared, it is due at its time-out; past that it goes on from when it was looked at', () => {
  const prepared = createTransaction(message(1), 'prepared', defaults);
  const untilMs = createdMs + 35_000;
  assert.equal(firstDue(prepared, createdMs), untilMs);
  assert.equal(clipDue(prepared, untilMs + 10_000, untilMs - 1), untilMs, 'never later while it is ahead');
  assert.equal(clipDue(prepared, untilMs + 10_000, untilMs), untilMs + 10_000, 'by back-off from then on');
  const running = createTransaction(saga(1, { options: { timeoutToFailMs: 5000 } }), 'submitted', defaults);
  assert.equal(clipDue(running, createdMs + 9000, createdMs + 6000), createdMs + 5000, 'a saga is never due later');
});

test('submitted, it is due after one interval; a message that is to wait, after its delay', () => {
  const due = (definition: Parameters<typeof createTransaction>[0], status: 'prepared' | 'submitted' = 'submitted') =>
    createTransaction(definition, status, defaults).progress.dueMs - createdMs;
  assert.equal(due(saga(1)), 10_000);
  assert.equal(due(message(1)), 10_000);
  assert.equal(due(message(1, { customData: { delay: 60 } })), 60_000);
  assert.equal(due(workflow(), 'prepared'), 10_000);
  assert.equal(due(saga(1, { options: { timeoutToFailMs: 5000 } })), 5000);
});
