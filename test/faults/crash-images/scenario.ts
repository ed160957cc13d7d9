/** The process that is recorded. It tells what is durable by a line in a file. */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { aDefinition, aProgress, create, numbers, put, update } from 'holdfast/store/contract/fixtures';
import { StateFile } from 'holdfast/store/sqlite/folder/state-file';
import { SqliteStore } from 'holdfast/store/sqlite/sqlite-store';
import { until } from '../../lib/until.ts';

const [, , dataDir = '', acknowledgements = '', run = '', end = ''] = process.argv;
const told = openSync(acknowledgements, 'w');
const store = new SqliteStore({ dataDir });

async function commit(name: string): Promise<void> {
  const gids = numbers(3).map((index) => `${run}-${name}-${index}`);
  const payload = 'x'.repeat(3000);
  const definition = (gid: string) =>
    aDefinition(gid, { steps: [{ branchId: '01', action: 'u', compensate: 'v', payload }] });
  await put(store, ...gids.map((gid) => create(gid, { definition: definition(gid) })));
  await put(store, ...gids.map((gid) => update(gid, { progress: aProgress('aborting') })));
  writeSync(told, `${gids.join('\n')}\n`);
}

function named(): string {
  const state = StateFile.read(join(dataDir, 'holdfast.state'));
  return JSON.stringify(state);
}

/** Commits until the state file has named another state: a checkpoint has begun the WAL anew meanwhile. */
async function commitUntilNamed(name: string): Promise<void> {
  const before = named();
  let count = 0;
  await until('the state file names another state', async () => {
    await commit(`${name}-${count}`);
    count += 1;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return named() !== before;
  });
}

await store.open();
await commit('first');
await commitUntilNamed('one');
if (end === 'backup') await store.backup();
await commit('last');
if (end === 'kill') process.kill(process.pid, 'SIGKILL');
await store.close();
