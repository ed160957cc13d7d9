/** Nodes that stand still in the middle of a batch keep nothing locked: another one calls what they drove. */
import { it } from 'node:test';
import { mariaDbKind, postgresKind } from './lib/kinds.ts';
import { testStalledNodes } from './lib/stalled-nodes.ts';

for (const kind of [postgresKind(), mariaDbKind()]) {
  it(`${kind.name}: nodes stand still at each message of a batch`, { skip: kind.missing ?? false }, async (t) => {
    const fixture = await kind.start();
    try {
      await testStalledNodes(t, fixture, { stallMs: 0, samples: 6 });
    } finally {
      await fixture.stop();
    }
  });
}
