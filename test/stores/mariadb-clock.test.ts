/** The clock of a MariaDB is set under work: nothing fires early, and what is due goes on. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { faketimeLibrary } from '../../scripts/lib/toolchains/faketime.ts';
import { FakeClock } from '../lib/servers/fake-clock.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { until } from '../lib/until.ts';
import { ClockScene } from './lib/clock-of-server.ts';
import { MySqlFixture, mySqlSettings } from './lib/mysql-fixture.ts';

const programs = mariaDb();
const library = faketimeLibrary();
const missing = [programs, library].flatMap((one) => ('missing' in one ? [one.missing] : []));
const options = { skip: missing.length > 0 && missing.join('; '), timeout: 300_000 };

it('the clock of a MariaDB is set ahead and back, by what is followed and by what is not', options, async () => {
  if ('missing' in programs || 'missing' in library) return;
  // Its threads share one clock.
  const clock = await FakeClock.start(library.found.replace('libfaketime.so', 'libfaketimeMT.so'));
  const fixture = await MySqlFixture.on(await startMariaDb(programs.found, { settings: mySqlSettings, clock }));
  const scene = new ClockScene(fixture.url);
  const aheadMs = async () => {
    const [[seconds] = []] = await fixture.server.sql('select unix_timestamp(sysdate(6))');
    return Number(seconds) * 1000 - Date.now();
  };
  try {
    await scene.start();
    for (const [seconds, name] of [
      [9, 'ahead'],
      [25, 'far ahead'],
      [0, 'back'],
    ] as const) {
      await scene.setAlarms();
      clock.set(seconds);
      await until(`the clock is set ${name}`, async () => Math.abs((await aheadMs()) - seconds * 1000) < 2000);
      await scene.untilDueWorkGoesOn();
      await scene.assertNothingEarly();
    }
    await scene.untilAllEnds();
    assert.match(scene.logs, /has jumped and is ahead/);
  } catch (error) {
    console.log(scene.logs.slice(-8000));
    throw error;
  } finally {
    await scene.stop();
    await fixture.stop();
    await clock.stop();
  }
});
