import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { startCoordinator } from '../../lib/coordinator.ts';
import { HttpCaller } from '../../lib/http.ts';
import { Participant } from '../../lib/participant.ts';
import { until } from '../../lib/until.ts';
import type { DatabaseFixture } from './database-fixture.ts';
import { Flood } from './flood.ts';

const megabyte = 1024 * 1024;

/** Why the memory of another process is not told here; undefined: it is. */
export const untold = process.platform === 'linux' ? undefined : 'only Linux tells the memory of another process';

export interface Drought {
  readonly seconds: number;
  readonly perSecond: number;
}

/**
 * The database is away while requests go on coming. Each is refused with 503 and `Retry-After`, the memory of the
 * coordinator stays bounded and falls back, the log does not grow with the requests, and all goes on by itself.
 */
export async function testDrought(
  t: TestContext,
  start: () => Promise<DatabaseFixture>,
  { seconds, perSecond }: Drought,
): Promise<void> {
  const fixture = await start();
  // It would end the test with the server.
  await fixture.leave();
  const coordinator = await startCoordinator({ settings: { HOLDFAST_STORE_URL: fixture.url } });
  const participant = new Participant();
  await participant.start();
  const http = new HttpCaller(coordinator.url);
  const flood = new Flood(Number(new URL(coordinator.url).port), (number) =>
    JSON.stringify({
      gid: `flood-${number}`,
      trans_type: 'saga',
      steps: [{ action: `${participant.url}/action`, compensate: `${participant.url}/compensate` }],
      payloads: [JSON.stringify({ text: 'x'.repeat(1000) })],
    }),
  );
  try {
    // Whatever grows once, such as compiled code, is there before.
    await flood.run(3, 100);
    assert.ok((flood.counts.get(200) ?? 0) > 0, flood.said);
    await until('nothing is under way', () => flood.underWay === 0);
    const linesBefore = linesOf(coordinator.logs);
    const before = residentBytes(coordinator.pid);
    await fixture.server.kill();
    await until('it says that it is not ready', async () => (await http.get('/readyz')).status === 503);
    flood.counts.clear();
    let most = 0;
    await flood.run(seconds, perSecond, () => {
      most = Math.max(most, residentBytes(coordinator.pid));
    });
    await until('nothing is under way', () => flood.underWay === 0);
    const { said, answered } = flood;
    const lines = linesOf(coordinator.logs) - linesBefore;
    await fixture.server.restart();
    const backMs = performance.now();
    await until('it serves again', async () => (await http.get('/readyz')).status === 200, 60_000);
    const servedMs = performance.now() - backMs;
    t.diagnostic(
      `${perSecond} requests a second for ${seconds} s without a store: ${said}; the memory grew from ${inMegabytes(before)} to ` +
        `${inMegabytes(most)} MB at most; ${lines} lines of log; served ${Math.round(servedMs)} ms after the return`,
    );
    assert.equal(answered, seconds * perSecond);
    assert.deepEqual([...flood.counts.keys()], [503], said);
    assert.equal(flood.withoutRetryAfter, 0, 'each says when to come again');
    assert.ok(most - before < 150 * megabyte, 'it grew by less than 150 MB');
    assert.ok(lines < 30 + seconds, `${lines} lines of log`);
    await flood.run(3, 100);
    await until('the memory falls back', () => residentBytes(coordinator.pid) - before < 75 * megabyte, 120_000);
    t.diagnostic(`${inMegabytes(residentBytes(coordinator.pid))} MB afterwards`);
  } catch (error) {
    t.diagnostic(coordinator.logs.slice(-4000));
    throw error;
  } finally {
    await coordinator.stop();
    flood.stop();
    http.close();
    await participant.stop();
    await fixture.server.stop();
  }
}

const linesOf = (text: string) => text.split('\n').length;
const inMegabytes = (bytes: number) => Math.round(bytes / megabyte);

function residentBytes(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
