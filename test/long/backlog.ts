import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepFigures } from '../lib/cluster-figures.ts';
import { shareBacklog } from '../stores/lib/backlog.ts';
import { kindOfRun } from '../stores/lib/kinds.ts';
import { Scene } from '../stores/lib/scene.ts';

const count = 30_000;
/** All of it is stored by then. */
const afterMs = 60_000;

const kind = kindOfRun();

test(`${kind.name}: of ${count} that come due at once none of three takes over 1.5 times its share`, async (t) => {
  const scene = await Scene.start(kind, 3);
  try {
    const { shares, tookMs } = await shareBacklog(scene, count, afterMs);
    t.diagnostic(`${shares.join(', ')} in ${tookMs} ms`);
    keepFigures(kind.name, 'backlog', { count, shares, tookMs });
    assert.ok(scene.service.calls('/backlog').length >= count);
    assert.ok(Math.max(...shares) <= (1.5 * count) / 3);
  } finally {
    await scene.stop();
  }
});
