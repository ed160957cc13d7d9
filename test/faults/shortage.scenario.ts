/**
 * `shortage.scenario.ts FOLDER FREE...`: what shortage.test.ts runs where FOLDER is a small file system. FREE is how
 * many KiB of it are left when the coordinator starts, one start after the other.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { freePort } from '../lib/free-port.ts';
import { type Answer, HttpCaller } from '../lib/http.ts';
import { Participant } from '../lib/participant.ts';
import { playScenario } from '../lib/play-scenario.ts';
import { until } from '../lib/until.ts';

const [folder = '', ...frees] = process.argv.slice(2);
const data = join(folder, 'data');
const ballast = join(folder, 'ballast');
const settings = { HOLDFAST_DATA_DIR: data, HOLDFAST_HTTP_PORT: String(await freePort()) };
const url = `http://127.0.0.1:${settings.HOLDFAST_HTTP_PORT}`;
const coordinator = await startCoordinator({ settings });
const participant = new Participant();
await participant.start();
const http = new HttpCaller(url, 5000);
const acknowledged: string[] = [];
let asked = 0;

async function submit(filler = 2000): Promise<Answer> {
  asked += 1;
  const gid = `short-${asked}`;
  const answer = await http.post('/api/dtmsvr/submit', {
    gid,
    trans_type: 'saga',
    retry_interval: 1,
    steps: [{ action: `${participant.url}/action?delta=0&body=1`, compensate: '' }],
    payloads: [JSON.stringify('x'.repeat(filler))],
  });
  if (answer.status === 200) acknowledged.push(gid);
  return answer;
}

async function statusOf(gid: string): Promise<unknown> {
  return JSON.parse((await http.get(`/api/dtmsvr/query?gid=${gid}`)).text).transaction?.status;
}

async function allSucceeded(): Promise<boolean> {
  return (await Promise.all(acknowledged.map(statusOf))).every((status) => status === 'succeed');
}

function fillBut(freeKib: number): void {
  const file = openSync(ballast, 'w');
  for (const size of [64 * 1024, 4096]) {
    const block = Buffer.alloc(size);
    try {
      for (;;) writeSync(file, block);
    } catch {
      // No room for a block of this size: go on with smaller ones.
    }
  }
  closeSync(file);
  truncateSync(ballast, statSync(ballast).size - freeKib * 1024);
}

const contents = () =>
  Object.fromEntries(
    readdirSync(data)
      .filter((name) => /\.db(-wal)?$/.test(name))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(data, name)))
          .digest('hex'),
      ]),
  );

/** A start with so much room: it lives, says what it lacks, touches nothing, and goes on when there is room. */
async function startsWith(freeKib: number): Promise<string> {
  await coordinator.kill('SIGTERM');
  const before = contents();
  fillBut(freeKib);
  const from = coordinator.logs.length;
  const starting = coordinator.start();
  // Whoever waits for it below is told; until then it may well not be ready.
  starting.catch(() => undefined);
  let told: Answer = { status: 0, text: '', retryAfter: undefined };
  await until(`it knows that ${freeKib} KiB are left`, async () => {
    // Nobody listens at first.
    told = await http.get('/readyz').catch(() => told);
    return told.status === 200 || /disk is full/.test(told.text);
  });
  assert.equal((await http.get('/healthz')).status, 200);
  let what = 'ready';
  if (told.status === 200) assert.equal(await statusOf('short-1'), 'succeed');
  else {
    assert.match(told.text, /the disk is full.*make room on the disk/);
    const { status, text } = await http.get('/api/dtmsvr/query?gid=short-1');
    assert.ok(status === 503 || (status === 200 && /"succeed"/.test(text)), `${status} ${text}`);
    what = status === 200 ? 'reads' : 'waits';
    if (what === 'waits')
      assert.deepEqual({ ...contents(), 'holdfast.db-wal': '' }, { ...before, 'holdfast.db-wal': '' });
    assert.equal((await submit()).status, 503);
  }
  rmSync(ballast);
  await starting;
  assert.equal((await submit()).status, 200);
  await until('all that was acknowledged has succeeded', allSucceeded);
  assert.doesNotMatch(coordinator.logs.slice(from), /damaged|backup/, `${freeKib} KiB`);
  return `${freeKib} KiB: ${what}`;
}

/** The limit of file sizes is reached while it runs, and raised again. */
async function meetsFileLimit(): Promise<void> {
  const { pid } = coordinator;
  const limitBytes = statSync(join(data, 'holdfast.db-wal')).size + 64 * 1024;
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${limitBytes}:unlimited`]);
  let ready = await http.get('/readyz');
  await until('readiness fails', async () => {
    await submit(60_000);
    ready = await http.get('/readyz');
    return ready.status === 503;
  });
  assert.match(ready.text, /a file would become larger than this process may make it.*nothing was written.*ulimit -f/);
  assert.equal(await statusOf('short-1'), 'succeed', 'what is stored can still be read');
  execFileSync('prlimit', ['--pid', String(pid), '--fsize=unlimited:unlimited']);
  await until('it is ready again by itself', async () => (await http.get('/readyz')).status === 200);
  assert.equal((await submit()).status, 200);
  await until('all that was acknowledged has succeeded', allSucceeded);
  assert.equal(coordinator.pid, pid);
}

/** What cannot pass by itself ends the start, with the truth. */
async function refusesReadOnly(): Promise<void> {
  await coordinator.kill('SIGTERM');
  execFileSync('mount', ['-o', 'remount,ro', folder]);
  const from = coordinator.logs.length;
  const refused = new Coordinator(coordinator.folder, [{ http: 0, grpc: 0 }], { settings });
  await assert.rejects(refused.start());
  assert.match(refused.logs, /the file system is mounted read-only .*: mount it for writing/);
  assert.doesNotMatch(refused.logs + coordinator.logs.slice(from), /damaged|backup/);
  execFileSync('mount', ['-o', 'remount,rw', folder]);
  await coordinator.start();
  await until('all that was acknowledged has succeeded', allSucceeded);
}

await playScenario({ coordinator, participant, http }, async () => {
  assert.equal((await submit()).status, 200);
  await until('the first has ended', async () => (await statusOf('short-1')) === 'succeed');
  for (const free of frees) console.log(await startsWith(Number(free)));
  await meetsFileLimit();
  await refusesReadOnly();
});
