import assert from 'node:assert/strict';
import { it } from 'node:test';
import { second } from '../../../e2e/manual-clock.ts';
import { opening, untouched } from '../../lib/books.ts';
import type { World } from '../world.ts';

/** What the barrier on Redis does where it is sound; for its flaws see the README. */
export function describeRedisBarriers(world: () => World): void {
  it('saga: it succeeds although answers get lost, and nothing is paid twice', async () => {
    const { client, clock, books } = world();
    const { payer, payee } = await world().accounts();
    const { gid } = await world().transfer({ pattern: 'saga', payer, payee, amount: 30, loseAnswer: true });
    assert.deepEqual(await books.standing(payer, payee), [[70, 0, 0], untouched]);
    await clock.advance(20 * second);
    await clock.advance(40 * second);
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
    assert.deepEqual(await books.barriers(gid), ['01 action action', '02 action action']);
  });

  it('saga: a withdrawal that is refused is not undone, for nothing was done', async () => {
    const { client, books } = world();
    const { payer, payee } = await world().accounts();
    const { gid } = await world().transfer({ pattern: 'saga', payer, payee, amount: opening + 1 });
    assert.equal(await client.statusOf(gid), 'failed');
    assert.deepEqual(await books.standing(payer, payee), [untouched, untouched]);
    assert.deepEqual(await books.barriers(gid), ['01 action rollback', '01 compensate compensate']);
  });

  it('tcc: what was tried is confirmed', async () => {
    const { client, books } = world();
    const { payer, payee } = await world().accounts();
    const { gid } = await world().transfer({ pattern: 'tcc', payer, payee, amount: 30 });
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
  });
}
