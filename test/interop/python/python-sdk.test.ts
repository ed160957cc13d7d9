/** The published Python SDK of dtm, as it is, against the real coordinator and a real MariaDB. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { mariaDb, python } from '../../../scripts/lib/toolchains.ts';
import { DtmClient } from '../../e2e/dtm-client.ts';
import { type Coordinator, startCoordinator } from '../../lib/coordinator.ts';
import { MariaDb } from '../lib/maria-db.ts';
import { describeWith } from '../lib/with-toolchains.ts';
import { Bank } from './bank.ts';

const here = import.meta.dirname;
const toolchains = { database: mariaDb(), python: python(join(here, 'requirements.txt')) };
const opening = 100;

describeWith('the Python SDK', toolchains, (found) => {
  let database: MariaDb;
  let coordinator: Coordinator;
  let client: DtmClient;
  let bank: Bank;
  let accounts = 0;

  before(async () => {
    database = await MariaDb.start(found.database);
    await database.sql(readFileSync(join(here, 'schema.sql'), 'utf8'));
    coordinator = await startCoordinator({ settings: { HOLDFAST_RETRY_INTERVAL_MS: '1000' } });
    client = new DtmClient(coordinator.url);
    bank = new Bank({ python: found.python, coordinatorUrl: coordinator.url, databasePort: database.port });
    await bank.start();
  });

  after(async () => {
    client?.close();
    await Promise.all([bank?.stop(), coordinator?.stop(), database?.stop()]);
  });

  async function openAccount(): Promise<string> {
    accounts += 1;
    const name = `account-${accounts}`;
    await database.sql(`insert into bank.account(name, balance) values ('${name}', ${opening})`);
    return name;
  }

  /** `[balance, outgoing, incoming]` of the payer and the payee. */
  async function standing(payer: string, payee: string): Promise<(number[] | undefined)[]> {
    const rows = await database.sql(
      `select name, balance, outgoing, incoming from bank.account where name in ('${payer}', '${payee}')`,
    );
    const byName = new Map(rows.map(([name = '', ...amounts]) => [name, amounts.map(Number)]));
    return [byName.get(payer), byName.get(payee)];
  }

  /** The rows of a transaction in the barrier table, as `branch op reason`. */
  async function barriers(gid: string): Promise<string[]> {
    const rows = await database.sql(
      `select branch_id, op, reason from dtm_barrier.barrier where gid = '${gid}' order by branch_id, op`,
    );
    return rows.map((row) => row.join(' '));
  }

  async function ends(gid: string, status: string): Promise<void> {
    try {
      await client.untilStatus(gid, status, 30_000);
    } catch (error) {
      throw new Error(`${error}\n${bank.logs}`, { cause: error });
    }
  }

  /** What the SDK prints of a repeated action. */
  const keptOut = (gid: string, branchId: string) =>
    new RegExp(`^affected 0 for sql: .*'${gid}','${branchId}','action','01','action'`, 'm');

  const untouched = [opening, 0, 0];
  const nobody = 'nobody';

  it('saga: it succeeds, and the money has moved', async () => {
    const [payer, payee] = [await openAccount(), await openAccount()];
    const { gid, said } = await bank.transfer('saga', { payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: null });
    await ends(gid, 'succeed');
    assert.deepEqual(await standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
    assert.deepEqual(await barriers(gid), ['01 action action', '02 action action']);
  });

  it('saga: a refused step rolls back, and the payer has his money again', async () => {
    const payer = await openAccount();
    const { gid } = await bank.transfer('saga', { payer, payee: nobody, amount: 30 });
    await ends(gid, 'failed');
    assert.match((await client.query(gid)).transaction.rollback_reason ?? '', /no such account/);
    assert.deepEqual(await standing(payer, nobody), [untouched, undefined]);
    // The second step was rolled back by itself: its compensation finds nothing to undo, and keeps a late action out.
    const first = ['01 action action', '01 compensate compensate'];
    assert.deepEqual(await barriers(gid), [...first, '02 action compensate', '02 compensate compensate']);
  });

  it('saga: answers that get lost are asked for again, and nothing is paid twice', async () => {
    const [payer, payee] = [await openAccount(), await openAccount()];
    const { gid } = await bank.transfer('saga', { payer, payee, amount: 30, losesAnswers: true });
    await ends(gid, 'succeed');
    for (const branchId of ['01', '02']) assert.match(bank.logs, keptOut(gid, branchId));
    assert.deepEqual(await standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
  });

  it('TCC: what was tried is confirmed', async () => {
    const [payer, payee] = [await openAccount(), await openAccount()];
    const { gid, said } = await bank.transfer('tcc', { payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: gid });
    await ends(gid, 'succeed');
    assert.deepEqual(await standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
    const tries = ['01 confirm confirm', '01 try try'];
    assert.deepEqual(await barriers(gid), [...tries, '02 confirm confirm', '02 try try']);
  });

  it('TCC: a refused try cancels all, and nothing stays frozen', async () => {
    const payer = await openAccount();
    const { gid, said } = await bank.transfer('tcc', { payer, payee: nobody, amount: 30 });
    // The SDK's own word for a transaction that it aborted.
    assert.deepEqual(said, { returned: '' });
    await ends(gid, 'failed');
    assert.deepEqual(await standing(payer, nobody), [untouched, undefined]);
    const first = ['01 cancel cancel', '01 try try'];
    assert.deepEqual(await barriers(gid), [...first, '02 cancel cancel', '02 try cancel']);
  });

  it('message: it is sent with the local transaction', async () => {
    const [payer, payee] = [await openAccount(), await openAccount()];
    const { gid, said } = await bank.transfer('message', { payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: null });
    await ends(gid, 'succeed');
    assert.deepEqual(await standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
    assert.deepEqual(await barriers(gid), ['00 msg msg', '01 action action']);
  });

  it('message: a local transaction that is refused sends nothing', async () => {
    const [payer, payee] = [await openAccount(), await openAccount()];
    const { gid, said } = await bank.transfer('message', { payer, payee, amount: opening + 1 });
    assert.equal(said.raised, 'DTMFailureError');
    assert.equal(await client.statusOf(gid), 'failed');
    assert.deepEqual(await standing(payer, payee), [untouched, untouched]);
  });

  it('message: the initiator dies after its commit; the coordinator asks, and delivers', async () => {
    const [payer, payee] = [await openAccount(), await openAccount()];
    const { gid, said } = await bank.transfer('message-dies-committed', { payer, payee, amount: 30 });
    assert.deepEqual(said, {}, 'it died before it could submit');
    assert.deepEqual(await standing(payer, payee), [[70, 0, 0], untouched]);
    await ends(gid, 'succeed');
    assert.deepEqual(await standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
  });

  it('message: the initiator dies before its commit; it fails, and late work is kept out by the barrier', async () => {
    const [payer, payee] = [await openAccount(), await openAccount()];
    const { gid } = await bank.transfer('message-dies-uncommitted', { payer, payee, amount: 30 });
    await ends(gid, 'failed');
    assert.deepEqual(await barriers(gid), ['00 msg rollback']);
    const { said } = await bank.transfer('late-work', { payer, payee, amount: 30, gid });
    assert.match(said.text ?? '', /duplicate/);
    assert.deepEqual(await standing(payer, payee), [untouched, untouched]);
  });
});
