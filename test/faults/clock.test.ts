/** The clock of the machine is set while the coordinator is stopped: what it does then can be taken back. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { faketimeLibrary } from '../../scripts/lib/toolchains/faketime.ts';
import type { Toolchain } from '../../scripts/lib/toolchains/install.ts';
import { startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';
import { Participant } from '../lib/participant.ts';
import { until } from '../lib/until.ts';

const faketime: Toolchain<string> =
  process.platform === 'linux' ? faketimeLibrary() : { missing: 'faketime is for Linux here' };
const dayMs = 24 * 3_600_000;

it('a clock that is a year ahead at a start ends nothing and stamps nothing, until it is accepted', {
  skip: 'missing' in faketime ? faketime.missing : false,
  timeout: 120_000,
}, async (t) => {
  if ('missing' in faketime) return;
  const aheadEnvironment = { LD_PRELOAD: faketime.found, FAKETIME: '+365d', DONT_FAKE_MONOTONIC: '1' };
  const settings: Record<string, string> = { HOLDFAST_SHUTDOWN_DRAIN_MS: '0' };
  const coordinator = await startCoordinator({ settings });
  t.after(() => coordinator.stop());
  const participant = new Participant();
  await participant.start();
  t.after(() => participant.stop());
  const http = new HttpCaller(coordinator.url, 5000);
  t.after(() => http.close());

  const restart = async (isAhead: boolean) => {
    for (const name of Object.keys(aheadEnvironment)) delete settings[name];
    if (isAhead) Object.assign(settings, aheadEnvironment);
    const from = coordinator.logs.length;
    await coordinator.restart('SIGTERM');
    return coordinator.logs.slice(from);
  };
  const statusOf = async (gid: string) =>
    JSON.parse((await http.get(`/api/dtmsvr/query?gid=${gid}`)).text).transaction?.status;
  const succeeds = async (gid: string) => {
    const { status } = await http.post('/api/dtmsvr/submit', {
      gid,
      trans_type: 'saga',
      steps: [{ action: `${participant.url}/action?delta=0&body=1`, compensate: '' }],
      payloads: ['1'],
    });
    assert.equal(status, 200);
    await until(`${gid} has succeeded`, async () => (await statusOf(gid)) === 'succeed');
  };
  const clock = async () => JSON.parse((await coordinator.command('clock', '--json')).stdout);

  await succeeds('before');
  const open = { gid: 'open', trans_type: 'tcc', timeout_to_fail: 3600 };
  assert.equal((await http.post('/api/dtmsvr/prepare', open)).status, 200);

  const told = await restart(true);
  assert.match(told, /clock of this machine \(\d{4}-[^)]*Z\) is ahead of the stored time \(\d{4}-[^)]*Z\)/);
  await succeeds('ahead');
  assert.equal(await statusOf('open'), 'prepared', 'whatever is due has been claimed before');
  assert.equal(await statusOf('before'), 'succeed');
  const { createdAt } = JSON.parse((await http.get('/api/v1/transactions/ahead')).text);
  assert.ok(Date.parse(createdAt) < Date.now() + dayMs, createdAt);
  const held = await clock();
  assert.ok(held.machineAheadMs > 364 * dayMs && held.acceptedAfterMs <= 3_600_000, JSON.stringify(held));
  assert.match((await coordinator.command('list', '--incidents')).stdout, /^the clock of this machine .* is ahead/);
  const metrics = (await http.get('/api/metrics')).text;
  assert.match(metrics, /^holdfast_incidents\{kind="decision"\} 1$/m);
  assert.match(metrics, /^holdfast_clock_held 1$/m);

  // Put right before it was accepted: nothing has changed.
  assert.doesNotMatch(await restart(false), /clock of this machine/);
  await succeeds('right');
  assert.equal(await statusOf('open'), 'prepared');
  assert.deepEqual([(await clock()).incident, (await clock()).heldSince], ['', null]);

  await restart(true);
  assert.match((await coordinator.command('clock', 'accept')).stdout, /^the clock is accepted: time goes on from /);
  await until('what was open has met its time-out', async () => (await statusOf('open')) === 'failed');
  assert.equal((await coordinator.command('list', '--incidents')).stdout, '');
  assert.match((await coordinator.command('clock', 'accept')).stdout, /nothing to accept/);
  assert.match(coordinator.logs, /clock of this machine is accepted: an operator said so/);

  // And it was wrong: what is written now is a year ahead, also once the clock is put right.
  await succeeds('wrong');
  assert.equal((await http.post('/api/dtmsvr/prepare', { ...open, gid: 'open too' })).status, 200);
  assert.match(
    await restart(false),
    /clock of this machine \(\d{4}-[^)]*Z\) is behind the coordinator's time \(\d{4}-/,
  );
  const created = async (gid: string) => {
    const shown = JSON.parse((await http.get(`/api/v1/transactions/${encodeURIComponent(gid)}`)).text);
    return Date.parse(shown.createdAt);
  };
  assert.ok((await created('wrong')) > Date.now() + 300 * dayMs);
  const setBack = () =>
    coordinator.command('clock', 'set-back', '--yes', '--data-dir', join(coordinator.folder, 'data'));
  await coordinator.kill('SIGTERM');
  assert.match((await setBack()).stdout, /^the stored time is \d{4}-.*Z now; \d+ transactions were corrected/);
  assert.match((await setBack()).stdout, /nothing to set back/);
  const from = coordinator.logs.length;
  await coordinator.start();
  assert.doesNotMatch(coordinator.logs.slice(from), /clock of this machine/);
  for (const gid of ['wrong', 'open too']) assert.ok(Math.abs((await created(gid)) - Date.now()) < 3_600_000, gid);
  assert.deepEqual([await statusOf('wrong'), await statusOf('open%20too')], ['succeed', 'prepared']);
  await succeeds('now');
});
