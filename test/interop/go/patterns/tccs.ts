import assert from 'node:assert/strict';
import { it } from 'node:test';
import { untouched } from '../../lib/books.ts';
import type { World } from '../world.ts';

export function describeTccs(world: () => World, patterns: readonly string[] = ['tcc', 'nested-tcc']): void {
  for (const pattern of patterns) {
    it(`${pattern}: what was tried is confirmed`, async () => {
      const { client, books } = world();
      const { payer, payee } = await world().accounts();
      const { gid, said } = await world().transfer({ pattern, payer, payee, amount: 30 });
      assert.deepEqual(said, { returned: '' });
      assert.equal(await client.statusOf(gid), 'succeed');
      assert.deepEqual(await books.standing(payer, payee), [
        [70, 0, 0],
        [130, 0, 0],
      ]);
      // The nested one is a branch of the branch that called it.
      const deposit = pattern === 'tcc' ? '02' : '0201';
      const tries = ['01 confirm confirm', '01 try try'];
      assert.deepEqual(await books.barriers(gid), [...tries, `${deposit} confirm confirm`, `${deposit} try try`]);
    });

    it(`${pattern}: a refused try cancels all, and nothing stays frozen`, async () => {
      const { client, books } = world();
      const { payer } = await world().accounts();
      const { gid, said } = await world().transfer({ pattern, payer, payee: 'nobody', amount: 30 });
      assert.match(said.raised ?? '', /no such account/);
      assert.equal(await client.statusOf(gid), 'failed');
      assert.deepEqual(await books.standing(payer), [untouched]);
    });
  }
}
