/** The network holds back writes, and what the database answers to them, for longer than a write may take. */
import { it } from 'node:test';
import { testHeldCommits } from './lib/held-commits.ts';
import { mariaDbKind, postgresKind } from './lib/kinds.ts';

for (const kind of [postgresKind(), mariaDbKind()]) {
  const options = { skip: kind.missing ?? false, timeout: 300_000 };
  it(
    `${kind.name}: writes are held back while clients retry: each is done once, or refused and not done`,
    options,
    async (t) => {
      const fixture = await kind.start();
      try {
        await testHeldCommits(t, fixture, { holdsMs: [0, 3000], seconds: 4 });
      } finally {
        await fixture.stop();
      }
    },
  );
}
