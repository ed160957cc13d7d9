import { test } from 'node:test';
import { galera } from '../../scripts/lib/toolchains/databases.ts';
import { GaleraFixture } from '../stores/lib/galera-fixture.ts';
import { testMemberKills } from '../stores/lib/member-kills.ts';

const programs = galera();
const skip = 'missing' in programs && programs.missing;

for (const suspectSeconds of [5, 2]) {
  const name = `members of a Galera cluster are killed under load, and given up after ${suspectSeconds} s`;
  test(name, { skip, timeout: 1_200_000 }, async (t) => {
    if ('missing' in programs) return;
    const fixture = await GaleraFixture.start(programs.found, suspectSeconds);
    try {
      await testMemberKills(t, fixture, { rounds: 3, clients: 16 });
    } finally {
      await fixture.stop();
    }
  });
}
