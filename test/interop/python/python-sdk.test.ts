/** The published Python SDK of dtm, as it is, against the real coordinator and a real MariaDB. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { mariaDb } from '../../../scripts/lib/toolchains/databases.ts';
import { python } from '../../../scripts/lib/toolchains/python.ts';
import { DtmClient } from '../../e2e/dtm-client.ts';
import { Bank } from '../lib/bank.ts';
import { type Books, opening, SqlBooks, untouched } from '../lib/books.ts';
import { startBankOnMariaDb } from '../lib/maria-db.ts';
import { type Reached, reachServing } from '../lib/reached.ts';
import { describeWith } from '../lib/with-toolchains.ts';

const here = import.meta.dirname;
const toolchains = { database: mariaDb(), python: python(join(here, 'requirements.txt')) };

interface Transfer {
  readonly payer: string;
  readonly payee: string;
  readonly amount: number;
  readonly gid?: string;
  /** The first call of each branch is done and not answered. */
  readonly losesAnswers?: boolean;
}

describeWith('the Python SDK', toolchains, (found) => {
  let books: Books;
  let coordinator: Reached;
  let client: DtmClient;
  let bank: Bank;

  before(async () => {
    books = new SqlBooks(await startBankOnMariaDb(found.database));
    coordinator = await reachServing({ HOLDFAST_RETRY_INTERVAL_MS: '1000' });
    client = new DtmClient(coordinator.url);
    bank = new Bank({
      command: found.python,
      serveArgs: [join(here, 'bank.py')],
      startArgs: [join(here, 'initiator.py')],
      environment: {
        // No bytecode is written into the checkout.
        PYTHONDONTWRITEBYTECODE: '1',
        COORDINATOR: coordinator.url,
        DATABASE_PORT: String(books.port),
      },
    });
    await bank.serve();
  });

  after(async () => {
    client?.close();
    await Promise.all([bank?.stop(), coordinator?.stop(), books?.stop()]);
  });

  function transfer(kind: string, { payer, payee, amount, gid, losesAnswers }: Transfer) {
    const options = [...(gid === undefined ? [] : ['--gid', gid]), ...(losesAnswers ? ['--lose-answer'] : [])];
    return bank.start([kind, payer, payee, String(amount), ...options]);
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

  const nobody = 'nobody';

  it('saga: it succeeds, and the money has moved', async () => {
    const [payer, payee] = [await books.openAccount(), await books.openAccount()];
    const { gid, said } = await transfer('saga', { payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: null });
    await ends(gid, 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
    assert.deepEqual(await books.barriers(gid), ['01 action action', '02 action action']);
  });

  it('saga: a refused step rolls back, and the payer has his money again', async () => {
    const payer = await books.openAccount();
    const { gid } = await transfer('saga', { payer, payee: nobody, amount: 30 });
    await ends(gid, 'failed');
    assert.match((await client.query(gid)).transaction.rollback_reason ?? '', /no such account/);
    assert.deepEqual(await books.standing(payer, nobody), [untouched, undefined]);
    // The second step was rolled back by itself: its compensation finds nothing to undo, and keeps a late action out.
    const first = ['01 action action', '01 compensate compensate'];
    assert.deepEqual(await books.barriers(gid), [...first, '02 action compensate', '02 compensate compensate']);
  });

  it('saga: answers that get lost are asked for again, and nothing is paid twice', async () => {
    const [payer, payee] = [await books.openAccount(), await books.openAccount()];
    const { gid } = await transfer('saga', { payer, payee, amount: 30, losesAnswers: true });
    await ends(gid, 'succeed');
    for (const branchId of ['01', '02']) assert.match(bank.logs, keptOut(gid, branchId));
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
  });

  it('TCC: what was tried is confirmed', async () => {
    const [payer, payee] = [await books.openAccount(), await books.openAccount()];
    const { gid, said } = await transfer('tcc', { payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: gid });
    await ends(gid, 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
    const tries = ['01 confirm confirm', '01 try try'];
    assert.deepEqual(await books.barriers(gid), [...tries, '02 confirm confirm', '02 try try']);
  });

  it('TCC: a refused try cancels all, and nothing stays frozen', async () => {
    const payer = await books.openAccount();
    const { gid, said } = await transfer('tcc', { payer, payee: nobody, amount: 30 });
    // The SDK's own word for a transaction that it aborted.
    assert.deepEqual(said, { returned: '' });
    await ends(gid, 'failed');
    assert.deepEqual(await books.standing(payer, nobody), [untouched, undefined]);
    const first = ['01 cancel cancel', '01 try try'];
    assert.deepEqual(await books.barriers(gid), [...first, '02 cancel cancel', '02 try cancel']);
  });

  it('message: it is sent with the local transaction', async () => {
    const [payer, payee] = [await books.openAccount(), await books.openAccount()];
    const { gid, said } = await transfer('message', { payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: null });
    await ends(gid, 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
    assert.deepEqual(await books.barriers(gid), ['00 msg msg', '01 action action']);
  });

  it('message: a local transaction that is refused sends nothing', async () => {
    const [payer, payee] = [await books.openAccount(), await books.openAccount()];
    const { gid, said } = await transfer('message', { payer, payee, amount: opening + 1 });
    assert.equal(said.raised, 'DTMFailureError');
    assert.equal(await client.statusOf(gid), 'failed');
    assert.deepEqual(await books.standing(payer, payee), [untouched, untouched]);
  });

  it('message: the initiator dies after its commit; the coordinator asks, and delivers', async () => {
    const [payer, payee] = [await books.openAccount(), await books.openAccount()];
    const { gid, said } = await transfer('message-dies-committed', { payer, payee, amount: 30 });
    assert.deepEqual(said, {}, 'it died before it could submit');
    assert.deepEqual(await books.standing(payer, payee), [[70, 0, 0], untouched]);
    await ends(gid, 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
  });

  it('message: the initiator dies before its commit; it fails, and late work is kept out by the barrier', async () => {
    const [payer, payee] = [await books.openAccount(), await books.openAccount()];
    const { gid } = await transfer('message-dies-uncommitted', { payer, payee, amount: 30 });
    await ends(gid, 'failed');
    assert.deepEqual(await books.barriers(gid), ['00 msg rollback']);
    const { said } = await transfer('late-work', { payer, payee, amount: 30, gid });
    assert.match(said.text ?? '', /duplicate/);
    assert.deepEqual(await books.standing(payer, payee), [untouched, untouched]);
  });
});
