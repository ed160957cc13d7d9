import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restoreTransaction } from '@holdfast/core';
import { settings } from './testing/engine-world.ts';
import { stopUnread } from './unread.ts';

const { defaults } = settings;

test('whatever its columns say, what takes its place has failed, says why, and can be read again', () => {
  for (const type of ['saga', 'msg', 'tcc', 'xa', 'workflow', 'sbga']) {
    for (const status of ['prepared', 'submitted', 'aborting', 'sxbmitted']) {
      const incident = `unreadable: ${'why '.repeat(1000)}`;
      const row = { gid: 'g', type, status, incident, owner: null, version: 3, createdMs: 5 };
      const { before, now } = stopUnread(row, defaults, 9);
      assert.equal(before.progress.incident, incident);
      assert.deepEqual([now.progress.status, now.progress.finishedMs, now.progress.incident], ['failed', 9, '']);
      assert.match(now.progress.reason, /^an operator stopped it; what was stored .* set aside, .*: why why/);
      assert.ok(now.progress.reason.length < 1000);
      assert.deepEqual(
        now.progress.operatorDecisions?.map(({ kind }) => kind),
        ['stop'],
      );
      const again = restoreTransaction(now.definition, [], now.progress, defaults);
      assert.deepEqual([again.definition.createdMs, again.definition.steps], [5, []]);
    }
  }
});
