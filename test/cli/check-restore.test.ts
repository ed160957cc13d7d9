/** `holdfast check` and `holdfast restore` on the folders of real coordinators. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { damageRow } from 'holdfast/store/sqlite/testing/damage-row';
import { type Coordinator, cleanEnvironment, startCoordinator } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';

const cli = join(import.meta.dirname, '..', '..', 'packages', 'server', 'src', 'cli.ts');

function holdfast(...args: readonly string[]) {
  return run(process.execPath, ['--conditions=source', cli, ...args]);
}

function run(program: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { env: cleanEnvironment(), encoding: 'utf8' });
  return { status, stdout, stderr };
}

async function started(t: TestContext): Promise<{ coordinator: Coordinator; data: string }> {
  const coordinator = await startCoordinator();
  t.after(() => coordinator.stop());
  for (const gid of ['one', 'two']) {
    const body = JSON.stringify({ gid, trans_type: 'tcc' });
    assert.equal((await fetch(`${coordinator.url}/api/dtmsvr/prepare`, { method: 'POST', body })).status, 200);
  }
  return { coordinator, data: join(coordinator.folder, 'data') };
}

const imageOf = (folder: string) =>
  readdirSync(folder).map(
    (name) => `${name} ${statSync(join(folder, name)).size} ${statSync(join(folder, name)).mtimeMs}`,
  );

const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

describe('holdfast check', () => {
  it('says what is in a folder after kill -9, and changes nothing; 2 while a coordinator runs on it', async (t) => {
    const { coordinator, data } = await started(t);
    const busy = holdfast('check', data);
    assert.deepEqual([busy.status, busy.stdout], [2, '']);
    assert.match(busy.stderr, /in use by a running coordinator[\s\S]*holdfast backup, then holdfast check/);
    await coordinator.kill();
    assert.ok(statSync(join(data, 'holdfast.db-wal')).size > 0);
    const before = imageOf(data);
    const { status, stdout, stderr } = holdfast('check', data);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(
      stdout,
      /\(data folder\)\n {2}size .* in its WAL.*\n {2}holds {6}2 transactions \(2 prepared\)[\s\S]*\nwhole\n$/,
    );
    const json = JSON.parse(holdfast('check', '--json', data).stdout);
    assert.deepEqual(
      [json.whole, json.kind, json.transactions, json.problems],
      [true, 'data folder', { prepared: 2 }, []],
    );
    if (canMount) {
      const readOnly = `mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"`;
      const command = [process.execPath, '--conditions=source', cli, 'check', data];
      assert.equal(run('unshare', ['-m', 'sh', '-c', readOnly, data, ...command]).status, 0, 'on a read-only disk');
    }
    assert.deepEqual(imageOf(data), before, 'nothing was touched');
    damageRow(join(data, 'holdfast.db'), 'two', { kind: 'changed', what: 'status' });
    const bad = holdfast('check', data);
    assert.equal(bad.status, 1, bad.stderr);
    assert.match(bad.stdout, /NOT WHOLE: \d problems?\n[\s\S]* {2}two: a stored progress cannot be read \(damaged/);
  });

  it('says what the files of a folder say of each other, as a start does', async (t) => {
    const { coordinator, data } = await started(t);
    await coordinator.kill();
    rmSync(join(data, 'holdfast.db'));
    const { status, stdout } = holdfast('check', data);
    assert.equal(status, 1);
    assert.match(stdout, /NOT WHOLE: 1 problem\n {2}holdfast\.db is missing; expected: the database that belongs to/);
    writeFileSync(join(data, 'holdfast.db'), '');
    assert.match(holdfast('check', data).stdout, /\n {2}holdfast\.db is empty; expected: /);
  });

  it('ends with 2 where there is nothing to check', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-check-test-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const [path, said] of [
      [join(folder, 'missing'), /there is no such file or folder/],
      [folder, /there is no holdfast\.db: it is empty/],
    ] as const) {
      const { status, stdout, stderr } = holdfast('check', path);
      assert.deepEqual([status, stdout], [2, '']);
      assert.match(stderr, said);
    }
  });
});

describe('holdfast restore', () => {
  it('makes a folder that starts, warns once of its age, and refuses what it must', async (t) => {
    const { coordinator, data } = await started(t);
    const { stdout: said } = await coordinator.command('backup', '--to', coordinator.folder, '--keep', '1');
    const [backup = ''] = said.split(' ');
    assert.equal(holdfast('check', backup).status, 0);

    const occupied = holdfast('restore', backup, '--to', data);
    assert.equal(occupied.status, 1);
    assert.match(occupied.stderr, /data is not empty: it holds .*holdfast\.db.*Nothing was restored/);

    // As a variable of a shell gives it that is not set: the current folder is not meant.
    for (const command of [['restore', backup], ['backup']]) {
      assert.match(holdfast(...command, '--to', '').stderr, /--to must name a folder/);
    }

    const to = join(coordinator.folder, 'deep', 'new');
    mkdirSync(to, { recursive: true });
    // As a restore leaves it that was killed: no store starts there.
    writeFileSync(join(to, 'holdfast.restoring'), 'half');
    await coordinator.kill();
    const half = await startCoordinator({ settings: { HOLDFAST_DATA_DIR: to } }).catch((error: unknown) =>
      String(error),
    );
    assert.match(String(half), /a restore into .* was cut off/);
    for (const name of readdirSync(to)) if (name.startsWith('holdfast.lock')) rmSync(join(to, name));

    const done = holdfast('restore', backup, '--to', to);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /holds {6}2 transactions \(2 prepared\)[\s\S]*its newest change, \d+ s ago/);
    assert.deepEqual(readdirSync(to).sort(), ['holdfast.db', 'holdfast.restored']);
    for (const name of readdirSync(to)) assert.equal(statSync(join(to, name)).mode & 0o777, 0o600);

    const restored = await startCoordinator({ settings: { HOLDFAST_DATA_DIR: to } });
    t.after(() => restored.stop());
    assert.match(
      restored.logs,
      /restored from holdfast-\S+\.db: its newest change is \d+ s old, and later changes are missing/,
    );
    assert.match(restored.logs, /"level":"warn".*"msg":"this store was restored from a backup"/);
    const answer = await fetch(`${restored.url}/api/v1/transactions/two`);
    assert.equal(answer.status, 200);
    // A start that is killed before it has noted that it told of this tells of it again.
    await until('the mark of the restore is gone', () => !existsSync(join(to, 'holdfast.restored')));
    const before = restored.logs.length;
    await restored.restart();
    assert.ok(!restored.logs.slice(before).includes('restored from'), 'it is told once');
  });

  it('takes no backup that is not whole, nor a database in use, unless it is said', async (t) => {
    const { coordinator, data } = await started(t);
    const { stdout: said } = await coordinator.command('backup');
    const [backup = ''] = said.split(' ');
    await coordinator.kill();
    damageRow(backup, 'two', { kind: 'changed', what: 'progress' });
    for (const name of readdirSync(join(data, 'backups'))) {
      if (/-(wal|shm)$/.test(name)) rmSync(join(data, 'backups', name));
    }
    const to = join(coordinator.folder, 'new');
    const refused = holdfast('restore', backup, '--to', to);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /is not whole: 1 problem;[\s\S]*--accept-damage/);
    assert.ok(!existsSync(to), 'nothing is made');
    const inUse = holdfast('restore', join(data, 'holdfast.db'), '--to', to);
    assert.match(inUse.stderr, /is not a backup but a database that was in use/);
    assert.match(holdfast('restore', data, '--to', to).stderr, /is not a file/);
    const accepted = holdfast('restore', backup, '--to', to, '--accept-damage');
    assert.equal(accepted.status, 0, accepted.stderr);
    assert.match(accepted.stdout, /damaged {4}1 problem;/);
    assert.equal(statSync(to).mode & 0o777, 0o700);
  });
});
