import assert from 'node:assert/strict';
import { statusOf } from './coordinator-client.ts';
import { type Narrator, seconds } from './narrator.ts';
import { runTcc, type Side, submitSaga } from './transfer.ts';
import type { Holdings, World } from './world.ts';

const total = 200;

/** The chapters, each a transfer of its own; every one ends with a look into both banks' database files. */
export class Story {
  readonly #world: World;
  readonly #tell: Narrator;

  constructor(world: World, tell: Narrator) {
    this.#world = world;
    this.#tell = tell;
  }

  async run(): Promise<void> {
    this.#checkMoney('At first', { alice: 100, bob: 100, carol: 0 });
    await this.#succeeds();
    await this.#rollsBack();
    await this.#coordinatorKilled();
    await this.#bankKilled();
    await this.#freezes();
    await this.#messageAfterCommit();
    await this.#messageBeforeCommit();
  }

  async #succeeds(): Promise<void> {
    this.#tell.chapter('alice pays bob 30: a saga that succeeds');
    const { status } = await this.#saga('pay-30', [this.#alice(30)], [this.#bob(30)], true);
    assert.equal(status, 200, `the transfer must succeed, but was answered ${status}`);
    this.#tell.say('North took 30 from alice, South gave 30 to bob. The coordinator says: succeed.');
    this.#checkMoney('Now', { alice: 70, bob: 130, carol: 0 });
  }

  async #rollsBack(): Promise<void> {
    this.#tell.chapter('alice pays 40 and bob 260 for a gift to carol: bob lacks the funds');
    const gid = 'gift-300';
    const { status, message } = await this.#saga(
      gid,
      [this.#alice(40), this.#bob(260)],
      [{ bank: this.#world.north, owner: 'carol', amount: 300 }],
      true,
    );
    assert.equal(status, 409, `the gift must be rolled back, but was answered ${status}`);
    assert.match(message, /bob has 130, that is not enough to pay 260/, `the reason must be told, not: ${message}`);
    this.#tell.say('South refused: bob has 130, that is not enough to pay 260.');
    const amounts = this.#world.postings(gid).map(({ owner, amount, op }) => `${op} ${owner} ${signed(amount)}`);
    assert.deepEqual(
      amounts,
      ['action alice -40', 'compensate alice +40'],
      `the 40 must leave and come back once, but the statements say: ${amounts.join(', ')}`,
    );
    this.#tell.say(`The 40 that were taken already came back. North's statement: ${amounts.join(', ')}.`);
    this.#checkMoney('Now', { alice: 70, bob: 130, carol: 0 });
  }

  async #coordinatorKilled(): Promise<void> {
    const { coordinator, coordinatorUrl, south } = this.#world;
    this.#tell.chapter('alice pays bob 20, and the coordinator is killed in the middle');
    const gid = 'pay-20';
    await this.#world.hold(south, '/saga/deposit', 'before');
    await this.#saga(gid, [this.#alice(20)], [this.#bob(20)], false);
    await this.#world.untilHeld(south);
    this.#tell.say("North has taken the 20; South was called and has not done anything yet. That's the worst moment:");
    this.#tell.say(`on the coordinator's disk the transfer is "${await statusOf(coordinatorUrl, gid)}".`);
    this.#checkMoney('Just before', { alice: 50, bob: 130, carol: 0 }, 20);

    const { pid } = coordinator;
    await coordinator.kill();
    this.#tell.blow(`kill -9 ${pid}: the coordinator is gone.`);
    assert.equal(await isAnswering(coordinatorUrl), false, 'the killed coordinator must not answer');
    this.#checkMoney('While it is dead', { alice: 50, bob: 130, carol: 0 }, 20);

    const callsBefore = await this.#world.calls(south, gid);
    const killedMs = performance.now();
    const calledAgain = this.#world.until(
      'South is called again',
      async () => (await this.#world.calls(south, gid)) > callsBefore,
    );
    await coordinator.start();
    this.#tell.say(`It is started again on the same folder, as process ${coordinator.pid}. Nobody tells it anything.`);
    await calledAgain;
    await this.#world.untilStatus(gid, 'succeed');
    const finishedMs = performance.now() - killedMs;
    this.#tell.good(
      `It resumed by itself: South was called again, and all was done, ${seconds(finishedMs)} after the kill.`,
    );
    this.#checkMoney('Now', { alice: 50, bob: 150, carol: 0 });
  }

  async #bankKilled(): Promise<void> {
    const { south } = this.#world;
    this.#tell.chapter('alice pays bob 10, and the bank South is killed in the middle');
    const gid = 'pay-10';
    await this.#world.hold(south, '/saga/deposit', 'after');
    await this.#saga(gid, [this.#alice(10)], [this.#bob(10)], false);
    await this.#world.untilHeld(south);
    this.#tell.say('South has given bob the 10 and committed, but its answer has not left yet.');
    const { pid } = south.child;
    await south.child.kill();
    const killedMs = performance.now();
    this.#tell.blow(`kill -9 ${pid}: South is gone. The coordinator cannot know whether bob was paid.`);
    this.#checkMoney('While it is dead', { alice: 40, bob: 160, carol: 0 });
    await south.child.start();
    this.#tell.say(`South is started again, as process ${south.child.pid}. The coordinator calls it again.`);
    await this.#world.untilStatus(gid, 'succeed');
    const again = await this.#world.calls(south, gid);
    assert.ok(again >= 1, 'South must have been called again');
    const paid = this.#world.postings(gid).filter(({ owner }) => owner === 'bob');
    assert.equal(paid.length, 1, 'bob must be paid once');
    this.#tell.good(
      `Finished ${seconds(performance.now() - killedMs)} after the kill: called ${again + 1} times, paid once (the barrier).`,
    );
    this.#checkMoney('Now', { alice: 40, bob: 160, carol: 0 });
  }

  async #freezes(): Promise<void> {
    this.#tell.chapter('TCC: bob pays alice 60 of frozen money, then tries to pay 500');
    const refusal = await runTcc(this.#world, 'tcc-60', this.#bob(60), this.#alice(60), () => {
      assert.equal(this.#world.frozen(), 60, 'the 60 must be frozen');
      this.#tell.say('Tried: 60 of bob are frozen at South, alice can be paid at North. Nothing has moved.');
      this.#checkMoney('Between try and confirm', { alice: 40, bob: 160, carol: 0 });
    });
    assert.equal(refusal, undefined, `the 60 must not be refused: ${refusal}`);
    await this.#world.untilStatus('tcc-60', 'succeed');
    this.#tell.say('Confirmed on both sides.');
    this.#checkMoney('Now', { alice: 100, bob: 100, carol: 0 });

    const refused = await runTcc(this.#world, 'tcc-500', this.#bob(500), this.#alice(500), () => undefined);
    assert.match(refused ?? '', /not enough/, 'the 500 must be refused');
    await this.#world.untilStatus('tcc-500', 'failed');
    assert.equal(this.#world.frozen(), 0, 'nothing may stay frozen');
    this.#tell.say(`The second one is refused (${refused}) and cancelled; nothing stays frozen.`);
    this.#checkMoney('Now', { alice: 100, bob: 100, carol: 0 });
  }

  async #messageAfterCommit(): Promise<void> {
    this.#tell.chapter('Message: North takes 25 from alice, and is killed before it can tell anybody');
    const gid = 'message-25';
    await this.#send(gid, 25, 'after');
    const { pid } = this.#world.north.child;
    await this.#world.north.child.kill();
    this.#tell.blow(`kill -9 ${pid}: North is gone, after its commit and before its submit.`);
    this.#checkMoney('While it is dead', { alice: 75, bob: 100, carol: 0 }, 25);
    await this.#world.north.child.start();
    await this.#world.untilStatus(gid, 'succeed');
    this.#tell.good('The coordinator asked North: did you commit? Yes, says the row in its table. So bob got the 25.');
    this.#checkMoney('Now', { alice: 75, bob: 125, carol: 0 });
  }

  async #messageBeforeCommit(): Promise<void> {
    this.#tell.chapter('Message: the same, killed before the commit');
    const gid = 'message-35';
    await this.#send(gid, 35, 'before');
    const { pid } = this.#world.north.child;
    await this.#world.north.child.kill();
    this.#tell.blow(`kill -9 ${pid}: North is gone, before its commit.`);
    await this.#world.north.child.start();
    await this.#world.untilStatus(gid, 'failed');
    this.#tell.good('The coordinator asked North: did you commit? No. So the message is off, and bob gets nothing.');
    this.#checkMoney('At the end', { alice: 75, bob: 125, carol: 0 });
  }

  /** North starts a message to bob and stands still before or after its local commit. */
  async #send(gid: string, amount: number, point: 'before' | 'after'): Promise<void> {
    const { north, south } = this.#world;
    await this.#world.hold(north, '/message/send', point);
    const order = { gid, owner: 'alice', amount, toUrl: `${south.url}/message/deposit`, toOwner: 'bob' };
    // This request is never answered: North is killed in the middle of it.
    fetch(`${north.url}/message/send`, { method: 'POST', body: JSON.stringify(order) }).catch(() => undefined);
    await this.#world.untilHeld(north);
  }

  #saga(gid: string, from: readonly Side[], to: readonly Side[], waitResult: boolean) {
    return submitSaga(this.#world, gid, from, to, waitResult);
  }

  #alice(amount: number): Side {
    return { bank: this.#world.north, owner: 'alice', amount };
  }

  #bob(amount: number): Side {
    return { bank: this.#world.south, owner: 'bob', amount };
  }

  /** Every account, and the sum of all: what is in nobody's account must be exactly what is under way. */
  #checkMoney(when: string, expected: Holdings, underWay = 0): void {
    const found = this.#world.holdings();
    const sum = Object.values(found).reduce((left, right) => left + right, 0) + underWay;
    const names = Object.keys(expected);
    const text = names.map((name) => `${name} ${found[name]}`).join(', ');
    assert.deepEqual({ ...found }, { ...expected }, `${when} the accounts are not what they must be: ${text}`);
    assert.equal(sum, total, `${when} money was lost or made: ${sum} instead of ${total}`);
    const between = underWay === 0 ? '' : `, under way ${underWay}`;
    this.#tell.aside(`${when}: ${text}${between}. Together ${sum}.`);
  }
}

function signed(amount: number): string {
  return amount < 0 ? String(amount) : `+${amount}`;
}

async function isAnswering(url: string): Promise<boolean> {
  try {
    await fetch(`${url}/api/ping`, { signal: AbortSignal.timeout(2000) });
    return true;
  } catch {
    // Refused, as it should be.
    return false;
  }
}
