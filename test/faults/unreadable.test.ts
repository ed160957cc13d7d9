/** Rows that cannot be read, in a real coordinator: everybody is told, and an operator can end them. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { damageRow } from 'holdfast/store/sqlite/testing/damage-row';
import { startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';
import { until } from '../lib/until.ts';

/** Takes alerts, and keeps their gids. */
async function listenForAlerts(): Promise<{ url: string; gids: string[]; close: () => void }> {
  const gids: string[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    gids.push(String(JSON.parse(Buffer.concat(pieces).toString()).gid));
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/`, gids, close: () => server.close() };
}

it('what cannot be read is told of at the start, though it is not due for an hour, and when somebody asks', async (t) => {
  const alerts = await listenForAlerts();
  const coordinator = await startCoordinator({ settings: { HOLDFAST_ALERT_WEBHOOK_URL: alerts.url } });
  const http = new HttpCaller(coordinator.url);
  t.after(async () => {
    http.close();
    await coordinator.stop();
    alerts.close();
  });
  const prepare = async (gid: string) => {
    const saga = { trans_type: 'saga', steps: [{ action: 'http://127.0.0.1:1/', compensate: '' }], payloads: [''] };
    const body = { gid, timeout_to_fail: 3600, ...(gid === 'fine' ? saga : { trans_type: 'tcc' }) };
    assert.equal((await http.post('/api/dtmsvr/prepare', body)).status, 200);
  };
  for (const gid of ['at-start', 'asked', 'fine']) await prepare(gid);
  const ended = { gid: 'ended', trans_type: 'saga', steps: [], payloads: [], wait_result: true };
  assert.equal((await http.post('/api/dtmsvr/submit', ended)).status, 200);
  // A clean stop: who writes to the database after a kill takes the WAL away, and no coordinator would start.
  await coordinator.kill('SIGTERM');
  const database = join(coordinator.folder, 'data', 'holdfast.db');
  damageRow(database, 'at-start', { kind: 'changed', what: 'progress' });
  damageRow(database, 'ended', { kind: 'changed', what: 'finishedMs' });
  await coordinator.start();
  const isTold = (gid: string) => new RegExp(`"gid":"${gid}".*unreadable: `).test(coordinator.logs);
  await until('it is told of', () => isTold('at-start') && alerts.gids.includes('at-start'));
  assert.match((await http.get('/api/metrics')).text, /\nholdfast_incidents\{kind="decision"\} 1\n/);

  damageRow(database, 'asked', { kind: 'lost', what: 'definition' });
  assert.equal((await http.get('/api/dtmsvr/query?gid=asked')).status, 500);
  await until('it is told of', () => isTold('asked') && alerts.gids.includes('asked'));
  assert.equal(JSON.parse((await http.get('/api/v1/transactions')).text).transactions.length, 4);
  await until('the list has met it', () => isTold('ended'));
  assert.equal((await http.get('/api/dtmsvr/query?gid=fine')).status, 200);
  assert.deepEqual(alerts.gids.toSorted(), ['asked', 'at-start'], 'each once, and none for what has ended');
  assert.equal(coordinator.logs.match(/"gid":"at-start".*unreadable: /g)?.length, 1);

  const { stdout } = await coordinator.command('stop', 'asked');
  assert.match(stdout, /asked has failed, because it was stopped/);
  assert.equal(JSON.parse((await http.get('/api/dtmsvr/query?gid=asked')).text).transaction.status, 'failed');
  assert.match((await coordinator.command('show', 'asked')).stdout, /set aside, because it could not be read: /);
  await coordinator.restart();
  assert.equal(JSON.parse((await http.get('/api/dtmsvr/query?gid=asked')).text).transaction.status, 'failed');
  await coordinator.kill('SIGTERM');
  const db = new DatabaseSync(database);
  // As another version might have written it: it can be read, and not be followed.
  db.exec(`update definitions set checksum = null, definition = replace(definition, '"customData":""', '"customData":"{"')
    where id = (select id from transactions where gid = 'fine')`);
  db.exec("update transactions set due_ms = 1 where gid = 'fine'");
  const kept = db
    .prepare('select what from set_aside order by what')
    .all()
    .map(({ what }) => what);
  db.close();
  assert.deepEqual(kept, ['columns', 'progress'], 'its definition was lost');
  await coordinator.start();
  for (const answer of [
    await http.get('/api/v1/transactions/fine'),
    await http.post('/api/v1/transactions/fine/rollback', {}),
  ]) {
    assert.equal(answer.status, 500);
    assert.match(answer.text, /cannot drive.*custom_data.*holdfast stop/);
  }
  await until('it is an incident', () => isTold('fine') && alerts.gids.includes('fine'));
  assert.match(
    (await coordinator.command('list', '--incidents')).stdout,
    /fine .*waits for a decision: unreadable: .*custom_data/,
  );
  assert.match((await coordinator.command('stop', 'fine')).stdout, /fine has failed, because it was stopped/);
  assert.match(
    (await coordinator.command('show', 'fine')).stdout,
    /set aside, because it could not be read: custom_data/,
  );
});
