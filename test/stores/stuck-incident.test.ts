/** A write that the server refuses for what its row holds is an incident of that transaction alone, with the server's words. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';
import { Participant } from '../lib/participant.ts';
import { until } from '../lib/until.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const programs = postgres();

it('what the server cannot store of one transaction', { skip: 'missing' in programs && programs.missing }, async () => {
  if ('missing' in programs) return;
  const fixture = await PostgresFixture.start(programs.found);
  const coordinator = await startCoordinator({ settings: { HOLDFAST_STORE_URL: fixture.url } });
  const http = new HttpCaller(coordinator.url);
  const participant = new Participant();
  await participant.start();
  const submit = (gid: string) =>
    http.post('/api/dtmsvr/submit', {
      gid,
      trans_type: 'saga',
      steps: [{ action: `${participant.url}/action` }],
      payloads: ['1'],
    });
  const read = async (path: string) => JSON.parse((await http.get(`/api/v1/transactions${path}`)).text);
  const incidents = async () => (await read('?incident=true')).transactions;
  const stuck = async () => /^holdfast_stuck_transactions (\d+)/m.exec((await http.get('/api/metrics')).text)?.[1];
  try {
    await fixture.client.query(`
      create function refuse() returns trigger language plpgsql as $$
      begin
        raise data_exception using message = 'not this one';
      end $$;
      create trigger refuse before update on holdfast.transactions for each row
      when (new.gid = 'bad' and new.progress <> old.progress) execute function refuse()`);
    for (const gid of ['bad', 'good']) assert.equal((await submit(gid)).status, 200);
    await until('the other one ends', async () => (await read('/good')).status === 'succeed');
    await until('it is counted', async () => (await stuck()) === '1');
    await until('it is in the list', async () => (await incidents()).length > 0);
    const words = /^failing: its progress cannot be stored: PostgreSQL 22000: not this one$/;
    for (const one of [(await incidents())[0], await read('/bad')]) {
      assert.deepEqual([one.gid, one.status], ['bad', 'submitted']);
      assert.match(one.incident, words);
    }
    await fixture.client.query('drop trigger refuse on holdfast.transactions');
    await until('it ends', async () => (await read('/bad')).status === 'succeed');
    assert.deepEqual([await incidents(), await stuck()], [[], '0']);
  } finally {
    await coordinator.stop();
    http.close();
    await participant.stop();
    await fixture.stop();
  }
});
