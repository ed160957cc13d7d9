/** `disk-full.scenario.ts FOLDER`: what disk-full.test.ts runs where FOLDER is a small file system. */
import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { startCoordinator } from '../lib/coordinator.ts';
import { type Answer, HttpCaller } from '../lib/http.ts';
import { Participant } from '../lib/participant.ts';
import { playScenario } from '../lib/play-scenario.ts';
import { until } from '../lib/until.ts';

const [folder = ''] = process.argv.slice(2);
const ballast = join(folder, 'ballast');
const coordinator = await startCoordinator({ settings: { HOLDFAST_DATA_DIR: join(folder, 'data') } });
const participant = new Participant();
await participant.start();
const http = new HttpCaller(coordinator.url, 5000);
const acknowledged: string[] = [];
let asked = 0;

/** @param behaviour what the branch does, as a query */
async function submit(behaviour = ''): Promise<Answer> {
  asked += 1;
  const gid = `full-${asked}`;
  const answer = await http.post('/api/dtmsvr/submit', {
    gid,
    trans_type: 'saga',
    retry_interval: 1,
    steps: [{ action: `${participant.url}/action?delta=0&body=1${behaviour}`, compensate: '' }],
    payloads: ['1'],
    branch_headers: { filler: 'x'.repeat(2000) },
  });
  if (answer.status === 200) acknowledged.push(gid);
  return answer;
}

async function statusOf(gid: string): Promise<unknown> {
  return JSON.parse((await http.get(`/api/dtmsvr/query?gid=${gid}`)).text).transaction?.status;
}

/** Writes until there is no room left, not for a single byte. */
function fillDisk(): void {
  const file = openSync(ballast, 'w');
  for (const size of [64 * 1024, 4096, 512, 1]) {
    const block = Buffer.alloc(size);
    try {
      for (;;) writeSync(file, block);
    } catch {
      // No room for a block of this size: go on with smaller ones.
    }
  }
  closeSync(file);
}

async function main(): Promise<void> {
  assert.equal((await submit()).status, 200);
  await until('the first has ended', async () => (await statusOf('full-1')) === 'succeed');
  // In the middle of their work when the disk fills up: answered ONGOING once, to be asked again after a second.
  for (let more = 0; more < 50; more += 1) assert.equal((await submit('&ongoing=1')).status, 200);
  fillDisk();
  // Submits that meet the full disk first wait until it is known that they were not written; those after are refused.
  const first: Promise<number>[] = [];
  let ready = await http.get('/readyz');
  await until('readiness fails', async () => {
    const asking = submit();
    first.push(asking.then(({ status }) => status).catch(() => 0));
    ready = await http.get('/readyz');
    return ready.status === 503;
  });
  assert.match(ready.text, /full/i, 'readiness says why');
  for (let more = 0; more < 20; more += 1) {
    const refusal = await submit();
    assert.equal(refusal.status, 503, refusal.text);
    assert.match(refusal.retryAfter ?? '', /^\d+$/, 'a refusal names its Retry-After');
  }
  assert.equal((await http.get('/healthz')).status, 200, 'it lives: a restart would not help');
  assert.equal(await statusOf('full-1'), 'succeed', 'what is stored can still be read');
  const before = acknowledged.length;

  rmSync(ballast);
  const freedMs = performance.now();
  await until('it is ready again by itself', async () => (await http.get('/readyz')).status === 200);
  const readyMs = performance.now() - freedMs;
  for (let more = 0; more < 20; more += 1) assert.equal((await submit()).status, 200);
  for (const status of await Promise.all(first)) assert.ok(status === 200 || status === 503, `a first one: ${status}`);
  await until('all that was acknowledged has succeeded', async () => {
    const statuses = await Promise.all(acknowledged.map(statusOf));
    assert.ok(!statuses.includes(undefined), 'one that was acknowledged is lost');
    return statuses.every((status) => status === 'succeed');
  });
  for (const gid of acknowledged) assert.equal(participant.ledger.effects(gid).length, 1, `${gid} acted once`);
  console.log(`${before} acknowledged before the disk was full; ready ${readyMs.toFixed(0)} ms after there was room`);
}

await playScenario({ coordinator, participant, http }, main);
