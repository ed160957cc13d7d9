import assert from 'node:assert/strict';
import { it } from 'node:test';
import { second } from '../../../e2e/manual-clock.ts';
import { untouched } from '../../lib/books.ts';
import type { World } from '../world.ts';

export function describeSagas(world: () => World): void {
  it('saga: it succeeds, and the money has moved', async () => {
    const { client, books } = world();
    const { payer, payee } = await world().accounts();
    const { gid, said } = await world().transfer({ pattern: 'saga', payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: '' });
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
    assert.deepEqual(await books.barriers(gid), ['01 action action', '02 action action']);
  });

  it('saga: a refused step rolls back, and the payer has his money again', async () => {
    const { client, books } = world();
    const { payer } = await world().accounts();
    const { gid, said } = await world().transfer({ pattern: 'saga', payer, payee: 'nobody', amount: 30 });
    assert.deepEqual(said, { returned: '' }, 'it was accepted');
    const { transaction } = await client.query(gid);
    assert.equal(transaction.status, 'failed');
    assert.match(transaction.rollback_reason ?? '', /no such account/);
    assert.deepEqual(await books.standing(payer), [untouched]);
    const first = ['01 action action', '01 compensate compensate'];
    assert.deepEqual(await books.barriers(gid), [...first, '02 action compensate', '02 compensate compensate']);
  });

  it('saga: answers that get lost are asked for again, and nothing is paid twice', async () => {
    const { client, clock, books } = world();
    const { payer, payee } = await world().accounts();
    const { gid } = await world().transfer({ pattern: 'saga', payer, payee, amount: 30, loseAnswer: true });
    assert.equal(await client.statusOf(gid), 'submitted');
    assert.deepEqual(await books.standing(payer, payee), [[70, 0, 0], untouched]);
    await clock.advance(20 * second);
    await clock.advance(40 * second);
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
  });

  it('concurrent saga: two deposits after one withdrawal; its end is waited for', async () => {
    const { client, books } = world();
    const { payer, payee } = await world().accounts();
    const { gid, said } = await world().transfer({ pattern: 'concurrent-saga', payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: '' });
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
  });

  it('concurrent saga: a refused deposit rolls back all, and its initiator is told why', async () => {
    const { client, books } = world();
    const { payer } = await world().accounts();
    const { gid, said } = await world().transfer({ pattern: 'concurrent-saga', payer, payee: 'nobody', amount: 30 });
    assert.match(said.raised ?? '', /no such account.*FAILURE/);
    assert.equal(await client.statusOf(gid), 'failed');
    assert.deepEqual(await books.standing(payer), [untouched]);
  });
}
