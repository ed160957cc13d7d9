/** The published Java SDK of dtm, as it is, against the real coordinator and a real MariaDB. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { mariaDb } from '../../../scripts/lib/toolchains/databases.ts';
import { type JavaProgram, javaProgram } from '../../../scripts/lib/toolchains/java.ts';
import { DtmClient } from '../../e2e/dtm-client.ts';
import { ManualClock, second } from '../../e2e/manual-clock.ts';
import { freePort } from '../../lib/free-port.ts';
import { Bank } from '../lib/bank.ts';
import { type Books, SqlBooks, untouched } from '../lib/books.ts';
import { startBankOnMariaDb } from '../lib/maria-db.ts';
import { type Reached, reachManual } from '../lib/reached.ts';
import { describeWith } from '../lib/with-toolchains.ts';

const toolchains = { database: mariaDb(), program: javaProgram(import.meta.dirname) };

interface Transfer {
  readonly pattern: 'saga' | 'concurrent-saga' | 'tcc';
  readonly payee?: string;
  readonly losesAnswers?: boolean;
}

describeWith('the Java SDK', toolchains, defineIn, 1);

function defineIn({ database, program }: { database: Parameters<typeof startBankOnMariaDb>[0]; program: JavaProgram }) {
  let books: Books;
  let coordinator: Reached;
  let client: DtmClient;
  let clock: ManualClock;
  let bank: Bank;

  before(async () => {
    books = new SqlBooks(await startBankOnMariaDb(database));
    coordinator = await reachManual();
    client = new DtmClient(coordinator.url);
    clock = new ManualClock(client.http);
    bank = bankAt(coordinator.url);
    await bank.serve();
  });

  after(async () => {
    client?.close();
    await Promise.all([bank?.stop(), coordinator?.stop(), books?.stop()]);
  });

  function bankAt(coordinatorUrl: string): Bank {
    // Short runs: no time to compile well.
    const options = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', program.classPath];
    return new Bank({
      command: program.java,
      serveArgs: [...options, 'Bank'],
      startArgs: [...options, 'Initiator'],
      // The SDK knows the scheme and the path itself.
      environment: { COORDINATOR: new URL(coordinatorUrl).host, DATABASE_PORT: String(books.port) },
    });
  }

  /** A transfer of 30, until all that follows from it has happened. */
  async function transfer({ pattern, payee, losesAnswers = false }: Transfer) {
    const [payer, other] = [await books.openAccount(), payee ?? (await books.openAccount())];
    const gid = client.newGid();
    const { said, errors } = await bank.start([pattern, gid, payer, other, '30', String(losesAnswers)]);
    assert.notDeepEqual(said, {}, errors);
    await clock.settle();
    return { gid, said, standing: () => books.standing(payer, other) };
  }

  const paid = [
    [70, 0, 0],
    [130, 0, 0],
  ];

  it('saga: it succeeds, and the money has moved', async () => {
    const { gid, standing } = await transfer({ pattern: 'saga' });
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await standing(), paid);
    assert.deepEqual(await books.barriers(gid), ['01 action action', '02 action action']);
  });

  it('saga: a refused step rolls back, and the payer has his money again', async () => {
    const { gid, standing } = await transfer({ pattern: 'saga', payee: 'nobody' });
    const { transaction } = await client.query(gid);
    assert.equal(transaction.status, 'failed');
    assert.match(transaction.rollback_reason ?? '', /no such account/);
    assert.deepEqual(await standing(), [untouched, undefined]);
  });

  it('saga: answers that get lost are asked for again, and nothing is paid twice', async () => {
    const { gid, standing } = await transfer({ pattern: 'saga', losesAnswers: true });
    assert.deepEqual(await standing(), [[70, 0, 0], untouched]);
    await clock.advance(20 * second);
    await clock.advance(40 * second);
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await standing(), paid);
  });

  it('concurrent saga, in an order; its end is waited for', async () => {
    const { gid, said, standing } = await transfer({ pattern: 'concurrent-saga' });
    assert.equal(await client.statusOf(gid), 'succeed', JSON.stringify(said));
    assert.deepEqual(await standing(), paid);
  });

  it('tcc: what was tried is confirmed', async () => {
    const { gid, standing } = await transfer({ pattern: 'tcc' });
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await standing(), paid);
    const tries = ['01 confirm confirm', '01 try try'];
    assert.deepEqual(await books.barriers(gid), [...tries, '02 confirm confirm', '02 try try']);
  });

  it('tcc: a refused try cancels all, and nothing stays frozen', async () => {
    const { gid, standing } = await transfer({ pattern: 'tcc', payee: 'nobody' });
    assert.equal(await client.statusOf(gid), 'failed');
    assert.deepEqual(await standing(), [untouched, undefined]);
    const first = ['01 cancel cancel', '01 try try'];
    assert.deepEqual(await books.barriers(gid), [...first, '02 cancel cancel', '02 try cancel']);
  });

  for (const pattern of ['saga', 'tcc'] as const)
    it(`${pattern}: the coordinator is away, and the caller is told`, async () => {
      const away = bankAt(`http://127.0.0.1:${await freePort()}`);
      const { said } = await away.start([pattern, client.newGid(), 'payer', 'payee', '30', 'false']);
      assert.match(said.raised ?? '', /feign\.RetryableException/);
    });
}
