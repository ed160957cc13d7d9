import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { Bank, Refused } from './bank.ts';
import { Barrier, barrierSchema, readIdentity } from './barrier.ts';
import { Child, freePort } from './child.ts';

function setUp() {
  const db = new DatabaseSync(':memory:');
  db.exec(barrierSchema);
  const ran: string[] = [];
  const call = (op: string, business?: () => void) => {
    const barrier = new Barrier(db, { transType: 'saga', gid: 'g', branchId: '01', op });
    return barrier.run(business ?? (() => ran.push(op)));
  };
  const rows = () =>
    db
      .prepare('select op, barrier_id, reason from barrier order by id')
      .all()
      .map((row) => ({ ...row }));
  return { db, ran, call, rows };
}

describe('the barrier', () => {
  for (const [forward, backward] of [
    ['action', 'compensate'],
    ['try', 'cancel'],
  ] as const) {
    it(`lets ${forward} and then ${backward} run, each once however often they are called`, () => {
      const { ran, call } = setUp();
      const passages = [forward, forward, backward, backward, forward].map((op) => call(op));
      assert.deepEqual(passages, ['ran', 'repeated', 'ran', 'repeated', 'repeated']);
      assert.deepEqual(ran, [forward, backward]);
    });

    it(`answers a ${backward} without ${forward} without effect, and keeps a late ${forward} out`, () => {
      const { ran, call, rows } = setUp();
      assert.deepEqual([call(backward), call(forward), call(backward)], ['empty', 'late', 'repeated']);
      assert.deepEqual(ran, []);
      assert.deepEqual(rows(), [
        { op: forward, barrier_id: '01', reason: backward },
        { op: backward, barrier_id: '01', reason: backward },
      ]);
    });
  }

  it('leaves no row of a call whose business failed: it may run later, and its compensation is empty', () => {
    const { ran, call, rows } = setUp();
    const refuse = () => {
      throw new Refused('no');
    };
    assert.throws(() => call('action', refuse), Refused);
    assert.deepEqual(rows(), []);
    assert.equal(call('compensate'), 'empty');
    assert.deepEqual(ran, []);
  });

  it('only keeps confirm from running twice', () => {
    const { ran, call } = setUp();
    assert.deepEqual([call('confirm'), call('confirm')], ['ran', 'repeated']);
    assert.deepEqual(ran, ['confirm']);
  });

  it('pairs the uses of one handler by their order', () => {
    const { db } = setUp();
    const use = (op: string) => new Barrier(db, { transType: 'saga', gid: 'g', branchId: '01', op });
    const action = use('action');
    assert.equal(
      action.run(() => undefined),
      'ran',
    );
    const compensate = use('compensate');
    const passages = [compensate.run(() => undefined), compensate.run(() => undefined)];
    assert.deepEqual(passages, ['ran', 'empty']);
    assert.equal(
      action.run(() => undefined),
      'late',
    );
  });

  it('answers query-prepared by the local transaction, and settles one that never committed', () => {
    const { db } = setUp();
    const message = (gid: string) => new Barrier(db, { transType: 'msg', gid, branchId: '00', op: 'msg' });
    assert.equal(
      message('paid').run(() => undefined),
      'ran',
    );
    assert.deepEqual([message('paid').queryPrepared(), message('paid').queryPrepared()], ['committed', 'committed']);
    assert.deepEqual(
      [message('lost').queryPrepared(), message('lost').queryPrepared()],
      ['rolled-back', 'rolled-back'],
    );
    assert.equal(
      message('lost').run(() => assert.fail('must not run after the answer was no')),
      'late',
    );
  });

  it('wants all four of the identity', () => {
    const query = new URLSearchParams({ trans_type: 'tcc', gid: 'g', branch_id: '01', op: 'try' });
    assert.deepEqual(readIdentity(query), { transType: 'tcc', gid: 'g', branchId: '01', op: 'try' });
    for (const key of query.keys()) {
      const partial = new URLSearchParams(query);
      partial.delete(key);
      assert.throws(() => readIdentity(partial), /must name/);
    }
  });
});

describe('two processes on one database', () => {
  it('do a thing once, whoever comes first, though both are called many times at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-barrier-'));
    const databasePath = join(folder, 'bank.db');
    const services: { child: Child; url: string }[] = [];
    for (const name of ['one', 'two']) {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const args = [
        join(import.meta.dirname, 'service.ts'),
        name,
        databasePath,
        String(port),
        'http://unused',
        'ann=1000',
      ];
      services.push({ url, child: new Child({ name, args, readyUrl: `${url}/seen` }) });
    }
    try {
      // One after the other, as the first creates the tables.
      for (const { child } of services) await child.start();
      const call = (url: string, path: string, gid: string, op: string) => {
        const query = new URLSearchParams({ trans_type: 'saga', gid, branch_id: '01', op });
        const body = JSON.stringify({ owner: 'ann', amount: 1 });
        return fetch(`${url}${path}?${query}`, { method: 'POST', body }).then(({ status }) => status);
      };
      const gids = Array.from({ length: 20 }, (_, index) => `g${index}`);
      const statuses = await Promise.all(
        gids.flatMap((gid) =>
          services.flatMap(({ url }) => [
            call(url, '/saga/deposit', gid, 'action'),
            call(url, '/saga/deposit/undo', gid, 'compensate'),
            call(url, '/saga/deposit', gid, 'action'),
          ]),
        ),
      );
      assert.ok(statuses.every((status) => status === 200));
      const bank = new Bank(databasePath);
      for (const gid of gids) {
        const ops = bank.postings(gid).map(({ op }) => op);
        // Either the action came first and was undone, or the compensation did and nothing ever happened.
        assert.ok(['', 'action,compensate'].includes(ops.join()), `${gid}: ${ops.join()}`);
      }
      assert.equal(bank.balanceOf('ann'), 1000);
      bank.close();
    } finally {
      await Promise.all(services.map(({ child }) => child.kill()));
      await rm(folder, { recursive: true, force: true });
    }
  });
});
