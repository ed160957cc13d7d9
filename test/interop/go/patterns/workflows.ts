import assert from 'node:assert/strict';
import { it } from 'node:test';
import { second } from '../../../e2e/manual-clock.ts';
import { untouched } from '../../lib/books.ts';
import type { World } from '../world.ts';

/** Steps in a local transaction and by a call; and steps that are XA branches. */
const patterns = ['workflow', 'workflow-xa'] as const;

export function describeWorkflows(world: () => World): void {
  for (const pattern of patterns) {
    it(`${pattern}: its steps are done, and its result is returned, again for the same gid`, async () => {
      const { client, books, sql } = world();
      const { payer, payee } = await world().accounts();
      const asked = { pattern, payer, payee, amount: 30 };
      const { gid, said } = await world().transfer(asked);
      assert.deepEqual(said, { returned: 'paid' });
      assert.equal(await client.statusOf(gid), 'succeed');
      assert.deepEqual((await world().transfer({ ...asked, gid })).said, { returned: 'paid' });
      assert.deepEqual(await books.standing(payer, payee), [
        [70, 0, 0],
        [130, 0, 0],
      ]);
      assert.deepEqual(await sql?.preparedXa(), []);
    });

    it(`${pattern}: a refused step rolls back what was done`, async () => {
      const { client, books, sql } = world();
      const { payer } = await world().accounts();
      const { gid, said } = await world().transfer({ pattern, payer, payee: 'nobody', amount: 30 });
      assert.match(said.raised ?? '', /no such account.*FAILURE/);
      assert.equal(await client.statusOf(gid), 'failed');
      assert.deepEqual(await books.standing(payer), [untouched]);
      assert.deepEqual(await sql?.preparedXa(), []);
    });

    it(`${pattern}: its initiator is killed after the first step; another process is called back and goes on`, async () => {
      const { client, clock, books, sql } = world();
      const { payer, payee } = await world().accounts();
      const { gid, said, exitCode } = await world().transfer({ pattern, payer, payee, amount: 30 }, 'after-first-step');
      assert.deepEqual([said, exitCode], [{}, 9]);
      assert.equal(await client.statusOf(gid), 'prepared');
      assert.deepEqual(await books.standing(payee), [untouched]);
      await clock.advance(60 * second);
      assert.equal(await client.statusOf(gid), 'succeed');
      assert.deepEqual(await books.standing(payer, payee), [
        [70, 0, 0],
        [130, 0, 0],
      ]);
      assert.deepEqual(await sql?.preparedXa(), []);
    });
  }
}
