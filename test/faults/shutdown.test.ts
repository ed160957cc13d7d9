import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startCoordinator } from '../lib/coordinator.ts';
import { distribution, percentile } from '../lib/figures.ts';
import { HttpCaller } from '../lib/http.ts';
import { Load } from '../lib/load.ts';
import { Countdown } from '../lib/moment.ts';
import { Participant } from '../lib/participant.ts';
import { Random, seedOfRun } from '../lib/random.ts';
import { Resumption } from '../lib/resumption.ts';
import { settleAndAudit } from '../lib/settle.ts';
import { until } from '../lib/until.ts';

const rounds = 4;

it(`ends ${rounds} times at SIGTERM under load, and nothing acknowledged is lost`, { timeout: 180_000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const coordinator = await startCoordinator({ settings: { HOLDFAST_SHUTDOWN_DRAIN_MS: '300' } });
  const participant = new Participant();
  await participant.start();
  const http = new HttpCaller(coordinator.url);
  const probe = new HttpCaller(coordinator.url);
  const load = new Load({ http, participant, random: new Random(seed), clients: 24, gidPrefix: `term-${seed}-` });
  const resumption = new Resumption(participant);
  const countdown = new Countdown();
  participant.onCall = (call) => {
    countdown.called(call);
    resumption.called(call);
  };
  let readinessFailedFirst = 0;
  try {
    load.start();
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0) await coordinator.start();
      resumption.ready();
      load.gate.open();
      await countdown.wait(400);
      const ended = coordinator.kill('SIGTERM');
      // While it drains it still answers, and says that it is not ready.
      const { status, text } = await until503(probe);
      if (status === 503) readinessFailedFirst += 1;
      assert.match(text, /shut/i);
      const { code } = await ended;
      load.gate.close();
      assert.equal(code, 0, 'exit code');
      assert.deepEqual(participant.openGids, [], 'calls in flight must have been answered before it ended');
    }
    await coordinator.start();
    load.gate.open();
    await load.stop();
    const wrong = await settleAndAudit(load, participant, 60_000);
    t.diagnostic(`${load.notes.length} transactions, ${load.client.acknowledged} acknowledged requests`);
    assert.deepEqual(wrong.slice(0, 20), []);
    assert.equal(readinessFailedFirst, rounds);
  } catch (error) {
    t.diagnostic(coordinator.logs.slice(-4000));
    throw error;
  } finally {
    await coordinator.stop();
    await load.abandon();
    http.close();
    probe.close();
    await participant.stop();
  }
});

it('what a shutdown handed back goes on at once after the next start', { timeout: 120_000 }, async (t) => {
  const coordinator = await startCoordinator({ settings: { HOLDFAST_SHUTDOWN_DRAIN_MS: '0' } });
  const participant = new Participant();
  await participant.start();
  const http = new HttpCaller(coordinator.url);
  const delaysMs: number[] = [];
  try {
    const count = 100;
    const step = (path: string) => `${participant.url}${path}?delta=0&slow=500&body=1`;
    const steps = Array.from({ length: 4 }, () => ({ action: step('/action'), compensate: step('/compensate') }));
    const submit = async (index: number) => {
      const gid = `handed-back-${index}`;
      const payloads = steps.map(() => '1');
      const { status } = await http.post('/api/dtmsvr/submit', { gid, trans_type: 'saga', steps, payloads });
      assert.equal(status, 200);
    };
    await Promise.all(Array.from({ length: count }, (_, index) => submit(index)));
    assert.equal((await coordinator.kill('SIGTERM')).code, 0);
    const left = new Set(Array.from({ length: count }, (_, index) => `handed-back-${index}`));
    for (const gid of [...left]) if (participant.ledger.effects(gid).length === steps.length) left.delete(gid);
    assert.ok(left.size > count / 2, `most must have been in the middle, but only ${left.size} were`);
    const waiting = new Set(left);
    let readyMs = 0;
    participant.onCall = ({ gid, arrivedMs }) => {
      if (waiting.delete(gid)) delaysMs.push(readyMs === 0 ? 0 : arrivedMs - readyMs);
    };
    await coordinator.start();
    readyMs = performance.now();
    await until('all of them are called again', () => waiting.size === 0);
    t.diagnostic(`resumed after ready: ${distribution(delaysMs)}`);
    assert.ok(percentile(delaysMs, 1) < 5000, 'what was handed back in the middle resumes at once');
    await until('all of them have acted', () =>
      [...left].every((gid) => participant.ledger.effects(gid).length === steps.length),
    );
    // The shutdown waited for the answers and wrote them down.
    assert.equal(participant.callCount, count * steps.length, 'no branch is called twice');
  } catch (error) {
    t.diagnostic(coordinator.logs.slice(-4000));
    throw error;
  } finally {
    await coordinator.stop();
    http.close();
    await participant.stop();
  }
});

async function until503(probe: HttpCaller): Promise<{ status: number; text: string }> {
  let answer = { status: 0, text: '' };
  await until('readiness fails', async () => {
    answer = await probe.get('/readyz');
    return answer.status === 503;
  });
  return answer;
}
