import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { measureGrowth, type Pair } from '../../bench/growth/growth.ts';

const stored = 1_000_000;
/** What is measured on a busy machine varies; what grows with what is stored would be hundreds of times slower. */
const factor = 3;

function assertAlike(what: string, { empty, grown }: Pair, slack: number): void {
  assert.ok(
    grown < empty * factor + slack,
    `${what}: ${empty} in an empty store, ${grown} beside ${stored} transactions`,
  );
}

test('beside a million finished transactions the coordinator claims, starts and works as in an empty store', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-growth-'));
  try {
    const options = { store: 'sqlite', stored, repetitions: 3, seconds: 2, pages: 50, folder: undefined } as const;
    const result = await measureGrowth(options, folder, (text) => t.diagnostic(text));
    assertAlike('ms of a page of due ones', result.claimP50Ms, 10);
    assertAlike('ms of a claim of nothing', result.idleClaimMs, 10);
    for (const start of result.startMs) assertAlike('ms to the first 200', start, 1000);
    for (const { empty, grown } of result.perSecond)
      assertAlike('us of a saga', { empty: 1e6 / empty, grown: 1e6 / grown }, 1000);
    assert.ok(result.bytesPerTransaction < 3000, `${result.bytesPerTransaction} bytes of a transaction`);
    assert.ok(
      result.purging.every(({ purgedPerSecond }) => purgedPerSecond > 100),
      'old ones are purged',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
