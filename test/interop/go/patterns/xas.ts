import assert from 'node:assert/strict';
import { it } from 'node:test';
import { untouched } from '../../lib/books.ts';
import type { World } from '../world.ts';

export function describeXas(world: () => World): void {
  it('XA: both branches are committed', async () => {
    const { client, books, sql } = world();
    const { payer, payee } = await world().accounts();
    const { gid, said } = await world().transfer({ pattern: 'xa', payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: '' });
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
    assert.deepEqual(await sql?.preparedXa(), []);
  });

  it('XA: a refused branch rolls back the other one, and nothing stays prepared', async () => {
    const { client, books, sql } = world();
    const { payer } = await world().accounts();
    const { gid, said } = await world().transfer({ pattern: 'xa', payer, payee: 'nobody', amount: 30 });
    assert.match(said.raised ?? '', /no such account/);
    assert.equal(await client.statusOf(gid), 'failed');
    assert.deepEqual(await books.standing(payer), [untouched]);
    assert.deepEqual(await sql?.preparedXa(), []);
  });
}
