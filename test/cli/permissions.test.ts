/** Who may read what the coordinator makes. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { startCoordinator } from '../lib/coordinator.ts';

const skip = process.platform === 'win32' ? 'there are no modes' : false;

it('data and backups are for their own user alone, whatever the umask is; what is open already is warned of', {
  skip,
}, async (t) => {
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const coordinator = await startCoordinator();
  t.after(() => coordinator.stop());
  const data = join(coordinator.folder, 'data');
  await coordinator.command('backup');
  const modes = () => {
    const found = new Map<string, number>([['', statSync(data).mode & 0o777]]);
    for (const name of readdirSync(data, { recursive: true, encoding: 'utf8' })) {
      found.set(name, statSync(join(data, name)).mode & 0o777);
    }
    return found;
  };
  const made = modes();
  assert.ok(
    made.has('holdfast.db-wal') && made.has('holdfast.db-shm') && made.has('holdfast.lock'),
    [...made.keys()].join(),
  );
  assert.ok([...made.keys()].some((name) => name.startsWith('backups/')));
  for (const [name, mode] of made) {
    const isFolder = name === '' || name === 'backups';
    assert.equal(mode.toString(8), isFolder ? '700' : '600', name);
  }
  assert.doesNotMatch(coordinator.logs, /every user/);

  // As an earlier version has left it.
  chmodSync(data, 0o755);
  chmodSync(join(data, 'holdfast.db'), 0o644);
  await coordinator.restart();
  assert.match(coordinator.logs, /every user of this machine can read the data in .*: run chmod -R go= /);
  assert.equal(modes().get(''), 0o755, 'it is left as it is');
});
