import assert from 'node:assert/strict';
import { it } from 'node:test';
import { second } from '../../../e2e/manual-clock.ts';
import { opening, untouched } from '../../lib/books.ts';
import type { World } from '../world.ts';

export function describeMessages(world: () => World): void {
  it('message: it is sent with the local transaction', async () => {
    const { client, books } = world();
    const { payer, payee } = await world().accounts();
    const { gid, said } = await world().transfer({ pattern: 'message', payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: '' });
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
    assert.deepEqual(await books.barriers(gid), ['00 msg msg', '01 action action']);
  });

  it('message: a local transaction that is refused sends nothing', async () => {
    const { client, books } = world();
    const { payer, payee } = await world().accounts();
    const { gid, said } = await world().transfer({ pattern: 'message', payer, payee, amount: opening + 1 });
    assert.match(said.raised ?? '', /FAILURE/);
    assert.equal(await client.statusOf(gid), 'failed');
    assert.deepEqual(await books.standing(payer, payee), [untouched, untouched]);
  });

  it('message: the initiator dies after its commit; the coordinator asks, and delivers', async () => {
    const { client, clock, books } = world();
    const { payer, payee } = await world().accounts();
    const asked = { pattern: 'message', payer, payee, amount: 30 };
    const { gid, said, exitCode } = await world().transfer(asked, 'after-commit');
    assert.deepEqual([said, exitCode], [{}, 9], 'it died before it could submit');
    assert.deepEqual(await books.standing(payer, payee), [[70, 0, 0], untouched]);
    await clock.advance(34 * second);
    assert.equal(await client.statusOf(gid), 'prepared');
    await clock.advance(1 * second);
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await books.standing(payer, payee), [
      [70, 0, 0],
      [130, 0, 0],
    ]);
  });

  it('message: the initiator dies before its commit; it fails, and late work is kept out by the barrier', async () => {
    const { client, clock, books } = world();
    const { payer, payee } = await world().accounts();
    const asked = { payer, payee, amount: 30 };
    const { gid } = await world().transfer({ pattern: 'message', ...asked }, 'before-commit');
    await clock.advance(35 * second);
    assert.equal(await client.statusOf(gid), 'failed');
    assert.deepEqual(await books.barriers(gid), ['00 msg rollback']);
    const { said } = await world().transfer({ pattern: 'late-work', gid, ...asked });
    assert.match(said.raised ?? '', /DUPLICATED/);
    assert.deepEqual(await books.standing(payer, payee), [untouched, untouched]);
  });
}

export function describeDelay(world: () => World): void {
  it('message: delivered after its delay, and not a second before', async () => {
    const { client, clock, books } = world();
    const { payer, payee } = await world().accounts();
    const { gid } = await world().transfer({ pattern: 'delay', payer, payee, amount: 30 });
    await clock.advance(3599 * second);
    assert.equal(await client.statusOf(gid), 'submitted');
    assert.deepEqual(await books.standing(payee), [untouched]);
    await clock.advance(1 * second);
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await books.standing(payee), [[130, 0, 0]]);
  });
}

export function describeTopics(world: () => World): void {
  it('message: to a topic, delivered to each of its subscribers', async () => {
    const { client, books } = world();
    const { payer, payee } = await world().accounts();
    await world().subscribe(payee);
    const { gid, said } = await world().transfer({ pattern: 'topic', payer, payee, amount: 30 });
    assert.deepEqual(said, { returned: '' });
    assert.equal(await client.statusOf(gid), 'succeed');
    assert.deepEqual(await books.standing(payee), [[130, 0, 30]]);
    assert.deepEqual(await books.barriers(gid), ['01-01 action action', '01-02 action action']);
  });
}
