/** A drill: backup under load, kill -9, restore, start. What the backup holds goes on, and barriers keep effects once. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { openUnchanging } from 'holdfast/store/sqlite/quiet-database';
import { cleanEnvironment, startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';
import { Load } from '../lib/load.ts';
import { behaviourQuery, Participant } from '../lib/participant.ts';
import { Random, seedOfRun } from '../lib/random.ts';
import { until } from '../lib/until.ts';

const cli = join(import.meta.dirname, '..', '..', 'packages', 'server', 'src', 'cli.ts');
const interrupted = ['interrupted-1', 'interrupted-2', 'interrupted-3'];

function holdfast(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=source', cli, ...args], {
    env: cleanEnvironment(),
    encoding: 'utf8',
  });
  assert.equal(status, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** Two steps that sum to zero; the first says once that it is not done yet, and then waits for its retry. */
function interruptedSaga(gid: string, url: string): object {
  const step = (delta: number, ongoing: number) => ({
    action: `${url}/branch?${behaviourQuery({ delta, ongoing })}`,
    compensate: `${url}/branch?${behaviourQuery({ delta })}`,
  });
  return { gid, trans_type: 'saga', steps: [step(1, 1), step(-1, 0)], payloads: ['', ''], retry_interval: 600 };
}

it('a backup taken under load is restored after kill -9, and goes on where it was', { timeout: 240_000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  // Prepared ones that nobody goes on with end soon.
  const coordinator = await startCoordinator({ settings: { HOLDFAST_TIMEOUT_TO_FAIL_MS: '3000' } });
  const participant = new Participant();
  await participant.start();
  const http = new HttpCaller(coordinator.url);
  const load = new Load({ http, participant, random: new Random(seed), clients: 16, gidPrefix: `drill-${seed}-` });
  const statusOf = async (gid: string) => (await load.query(gid)).transaction?.status;
  const hasEnded = async (gid: string) => ['succeed', 'failed'].includes((await statusOf(gid)) ?? '');
  const data = join(coordinator.folder, 'data');
  const backups = join(coordinator.folder, 'backups');
  mkdirSync(backups);
  try {
    load.gate.open();
    load.start();
    await until('there is load', () => load.notes.length > 40, 60_000);
    for (const gid of interrupted) {
      assert.equal((await http.post('/api/dtmsvr/submit', interruptedSaga(gid, participant.url))).status, 200);
    }
    const isWaiting = async (gid: string) => {
      const { text } = await http.get(`/api/v1/transactions/${gid}`);
      return JSON.parse(text).attempts.length === 1;
    };
    await until('they wait', async () => (await Promise.all(interrupted.map(isWaiting))).every(Boolean));

    const { status, text } = await http.post('/api/v1/backup', { to: backups, keep: 1 });
    assert.equal(status, 200, text);
    const { path: backup } = JSON.parse(text);
    for (const gid of interrupted) await http.post('/api/dtmsvr/resetNextCronTime', { gid });
    await until('they have ended', async () => (await Promise.all(interrupted.map(hasEnded))).every(Boolean));
    const effectsBefore = interrupted.map((gid) => participant.ledger.effects(gid).length);
    assert.deepEqual(effectsBefore, [2, 2, 2]);
    const noted = load.notes.length;
    await until('there was load after the backup', () => load.notes.length > noted + 40, 60_000);

    await coordinator.kill();
    load.gate.close();
    assert.match(holdfast('check', backup), /\nwhole\n$/);
    renameSync(data, `${data}.broken`);
    assert.match(holdfast('restore', backup, '--to', data), /holds {6}\d+ transactions/);
    assert.deepEqual(readdirSync(backups).length, 1, 'neither has left anything beside the backup');

    const db = openUnchanging(backup);
    const stored = db.prepare('select gid, status from transactions').all();
    db.close();
    const isFinal = ({ status: was }: (typeof stored)[number]) => was === 'succeed' || was === 'failed';
    const unfinished = stored.filter((row) => !isFinal(row)).map(({ gid }) => String(gid));
    for (const gid of interrupted) assert.ok(unfinished.includes(gid), `${gid} is unfinished in the backup`);
    t.diagnostic(`${stored.length} transactions in the backup, ${unfinished.length} of them unfinished`);

    const begin = coordinator.logs.length;
    // The clients of before know of what is lost: they give up while nobody answers.
    await load.abandon();
    await coordinator.start();
    const said = coordinator.logs.slice(begin);
    assert.match(said, /restored from holdfast-\S+\.db: its newest change is \d+ s old/);
    for (const gid of interrupted) await http.post('/api/dtmsvr/resetNextCronTime', { gid });
    let open = unfinished;
    await until(
      'what the backup held unfinished has ended',
      async () => {
        const ended = await Promise.all(open.map(hasEnded));
        open = open.filter((_, index) => ended[index] !== true);
        return open.length === 0;
      },
      60_000,
    ).catch((error: unknown) => {
      throw new Error(`these have not: ${open.join(', ')}`, { cause: error });
    });
    for (const { gid, status: was } of stored.filter(isFinal))
      assert.equal(await statusOf(String(gid)), was, String(gid));
    for (const gid of interrupted) {
      assert.equal(await statusOf(gid), 'succeed', gid);
      assert.equal(participant.ledger.effects(gid).length, 2, `${gid}: the barrier kept its effects once`);
    }
    const after = interruptedSaga('after', participant.url);
    assert.equal((await http.post('/api/dtmsvr/submit', after)).status, 200);
    await until('a new one ends', async () => {
      await http.post('/api/dtmsvr/resetNextCronTime', { gid: 'after' });
      return hasEnded('after');
    });
    assert.deepEqual((await coordinator.kill('SIGTERM')).code, 0);
    assert.match(holdfast('check', data), /\nwhole\n$/);
  } catch (error) {
    t.diagnostic(coordinator.logs.slice(-4000));
    throw error;
  } finally {
    await coordinator.stop();
    await load.abandon();
    http.close();
    await participant.stop();
  }
});
