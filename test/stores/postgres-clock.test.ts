/** The clock of the server is another after a failover, and is set under work: nobody is taken for dead, and nothing fires early. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { faketimeLibrary } from '../../scripts/lib/toolchains/faketime.ts';
import { FakeClock } from '../lib/servers/fake-clock.ts';
import { PostgresPair } from '../lib/servers/postgres-pair.ts';
import { until } from '../lib/until.ts';
import { ClockScene } from './lib/clock-of-server.ts';

const programs = postgres();
const library = faketimeLibrary();
const missing = [programs, library].flatMap((one) => ('missing' in one ? [one.missing] : []));
const options = { skip: missing.length > 0 && missing.join('; '), timeout: 300_000 };

/** Two coordinators on a pair whose replica has that clock. */
async function onPair(
  aheadSeconds: number,
  run: (scene: ClockScene, pair: PostgresPair, clock: FakeClock) => Promise<void>,
) {
  if ('missing' in programs || 'missing' in library) return;
  const clock = await FakeClock.start(library.found, aheadSeconds);
  const pair = await PostgresPair.start(programs.found, { clock });
  const scene = new ClockScene(pair.url);
  try {
    await scene.start();
    await run(scene, pair, clock);
  } catch (error) {
    console.log(scene.logs.slice(-8000));
    throw error;
  } finally {
    await scene.stop();
    await pair.stop();
    await clock.stop();
  }
}

async function failOver(pair: PostgresPair): Promise<void> {
  await pair.primary.kill();
  await pair.promote();
}

/** By its own clock, in ms. */
async function aheadMs({ replica }: PostgresPair): Promise<number> {
  const [[ms] = []] = await replica.sql('select (extract(epoch from clock_timestamp()) * 1000)::bigint');
  return Number(ms) - Date.now();
}

describe('the clock of a PostgreSQL', options, () => {
  it('a replica that runs 6 s ahead is promoted; then its clock is set 10 s and more ahead and back', () =>
    onPair(6, async (scene, pair, clock) => {
      await scene.setAlarms();
      await failOver(pair);
      await scene.untilDueWorkGoesOn();
      for (const [seconds, name] of [
        [16, 'ahead'],
        [6, 'back'],
        [-6, 'further back, by more than what is followed at once'],
        [6, 'ahead again'],
      ] as const) {
        await scene.setAlarms();
        clock.set(seconds);
        await until(`the clock is set ${name}`, async () => Math.abs((await aheadMs(pair)) - seconds * 1000) < 2000);
        await scene.untilDueWorkGoesOn();
        await scene.assertNothingEarly();
      }
      await scene.untilAllEnds();
    }));

  it('a replica that runs an hour ahead is promoted: time goes on without it', () =>
    onPair(3600, async (scene, pair) => {
      await scene.setAlarms();
      await failOver(pair);
      await until('each says that the clock has jumped', async () =>
        (await scene.incidents()).every((incident) => /has jumped and is ahead/.test(incident)),
      );
      const { aheadMs: startedAheadMs, incident } = await scene.startAnother();
      assert.ok(Math.abs(startedAheadMs) < 30_000, `who starts meanwhile is ${startedAheadMs} ms ahead`);
      assert.match(incident, /has jumped and is ahead/);
      await scene.untilDueWorkGoesOn();
      await scene.assertNothingEarly();
      await scene.untilAllEnds();
    }));
});
