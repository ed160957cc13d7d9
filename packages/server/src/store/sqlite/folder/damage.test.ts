import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { aDefinition, create, found, numbers, put } from '../../contract/fixtures.ts';
import { StoreError } from '../../store.ts';
import { checkpoint } from '../checkpoint.ts';
import { connect, loopSettings } from '../connection.ts';
import { migrate, migrations } from '../migrate.ts';
import { SqliteStore } from '../sqlite-store.ts';
import { OpenedFolder } from './opened-folder.ts';
import { databaseName, stateName, walName } from './sight.ts';
import { StateFile } from './state-file.ts';

const pageBytes = 4096;
const frameBytes = 24 + pageBytes;
const names = [databaseName, walName, stateName];

let root = '';
/** Stopped cleanly once, with `early`; then again, with `early` and `late`. */
const older = () => join(root, 'older');
const closed = () => join(root, 'closed');
/** As `kill -9` leaves it: `early` and `late` are in the database, `last` only in the WAL. */
const killed = () => join(root, 'killed');
/** Another coordinator's. */
const other = () => join(root, 'other');
/** As `killed`, before the last commits: `holdfast.db` has none of their pages. */
const backup = () => join(root, 'backup.db');

const wide = (gid: string) => {
  const payload = 'x'.repeat(30_000);
  return create(gid, {
    definition: aDefinition(gid, { steps: [{ branchId: '01', action: 'u', compensate: '', payload }] }),
  });
};

before(async () => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-folders-'));
  const live = join(root, 'live');
  const store = new SqliteStore({ dataDir: live });
  await store.open();
  await put(store, wide('early'));
  await store.close();
  copyFiles(live, older());
  await store.open();
  await put(store, wide('late'));
  await store.close();
  copyFiles(live, closed());
  await store.open();
  cpSync((await store.backup()).path, backup());
  await put(store, ...numbers(20).map((index) => wide(`last${index}`)));
  // Nothing is under way: the files are as `kill -9` would leave them.
  copyFiles(live, killed());
  await store.close();
  const another = new SqliteStore({ dataDir: other() });
  await another.open();
  await another.close();
});

after(() => rmSync(root, { recursive: true }));

function copyFiles(from: string, to: string): void {
  for (const name of names) if (existsSync(join(from, name))) cpSync(join(from, name), join(to, name));
}

function digest(folder: string): string[] {
  const hash = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return names.filter((name) => existsSync(join(folder, name))).map((name) => `${name} ${hash(name)}`);
}

interface Copy {
  readonly folder: string;
  readonly path: (name: string) => string;
}

async function withCopy(of: string | undefined, change: (copy: Copy) => void, run: (copy: Copy) => Promise<void>) {
  const folder = mkdtempSync(join(root, 'copy-'));
  const copy = { folder, path: (name: string) => join(folder, name) };
  if (of !== undefined) copyFiles(of, folder);
  change(copy);
  await run(copy);
  rmSync(folder, { recursive: true });
}

function testRefused(name: string, of: () => string, change: (copy: Copy) => void, told: RegExp): void {
  test(`refused: ${name}`, async () => {
    await withCopy(of(), change, async ({ folder }) => {
      const before = digest(folder);
      for (const attempt of [1, 2]) {
        const refused = new SqliteStore({ dataDir: folder });
        await assert.rejects(refused.open(), (error: unknown) => {
          assert.ok(error instanceof StoreError && error.code === 'damaged', `attempt ${attempt}: ${String(error)}`);
          assert.match(error.message, told);
          assert.match(error.message, /Nothing was changed[\s\S]*holdfast restore BACKUP --to DIR/);
          return true;
        });
        assert.deepEqual(digest(folder), before, 'nothing was touched');
      }
    });
  });
}

function testHealthy(name: string, of: () => string | undefined, gids: string[], change: (copy: Copy) => void): void {
  test(`healthy: ${name}`, async () => {
    await withCopy(of(), change, async ({ folder }) => {
      for (const round of [1, 2]) {
        const store = new SqliteStore({ dataDir: folder });
        await store.open();
        for (const gid of gids) assert.equal((await found(store, gid)).version, 1, `${gid} in start ${round}`);
        await store.close();
      }
    });
  });
}

const unchanged = () => undefined;
const all = ['early', 'late', ...numbers(20).map((index) => `last${index}`)];
const both = ['early', 'late'];

const noFolder = () => undefined;
testHealthy('no files', noFolder, [], unchanged);
testHealthy('an empty database alone', noFolder, [], ({ path }) => writeFileSync(path(databaseName), ''));
testHealthy('a clean stop', closed, both, unchanged);
testHealthy('kill -9', killed, all, unchanged);
testHealthy('kill -9, and no state file: a folder of an earlier version', killed, all, ({ path }) =>
  rmSync(path(stateName)),
);
testHealthy('a clean stop, and no state file', closed, both, ({ path }) => rmSync(path(stateName)));
testHealthy('an empty WAL beside a clean stop', closed, both, ({ path }) => writeFileSync(path(walName), ''));
testHealthy('changes that somebody made after a clean stop and has not closed', closed, both, ({ path }) => {
  const db = connect(path(databaseName), loopSettings);
  db.exec('create table notes (a)');
  cpSync(path(walName), path('kept'));
  db.close();
  cpSync(path('kept'), path(walName));
});
testHealthy('a torn frame behind the whole ones', killed, all, ({ path }) => {
  appendFileSync(path(walName), readFileSync(path(walName)).subarray(32, 32 + 1000));
});
testHealthy('frames of another generation behind the whole ones', killed, all, ({ path }) => {
  appendFileSync(path(walName), new Uint8Array(3 * frameBytes).fill(0x5a));
});
testHealthy('a backup in a folder of its own', noFolder, both, ({ path }) => cpSync(backup(), path(databaseName)));
testHealthy('a state file whose last line is torn', killed, all, ({ path }) => {
  const lines = readFileSync(path(stateName), 'latin1').split(/\n+/);
  const serial = (line: string | undefined) => Number(/"serial":(\d+)/.exec(line ?? '')?.[1]);
  flip(path(stateName), (serial(lines[0]) > serial(lines[1]) ? 0 : 4096) + 30);
});
testHealthy('a checkpoint that was cut off after its first page, in a database that grew', killed, all, ({ path }) => {
  // The first page of a later database in the file of now: the rest of its pages is in the WAL.
  const copy = join(path('..'), 'checkpointed.db');
  for (const [from, to] of [
    [databaseName, copy],
    [walName, `${copy}-wal`],
  ] as const) {
    cpSync(path(from), to);
  }
  connect(copy, loopSettings).close();
  const grown = readFileSync(copy);
  assert.ok(grown.length > statSync(path(databaseName)).size);
  overwrite(path(databaseName), 0, grown.subarray(0, pageBytes));
  rmSync(copy);
});

test('healthy: a WAL that was begun anew since the state file named it', async () => {
  await withCopy(undefined, unchanged, async ({ folder, path }) => {
    const live = join(root, 'anew');
    const store = new SqliteStore({ dataDir: live });
    await store.open();
    const named = readFileSync(join(live, stateName));
    await put(store, wide('a'));
    for (const gid of ['b', 'c', 'd']) {
      const outside = connect(join(live, databaseName), loopSettings);
      assert.deepEqual(checkpoint(outside, 'passive').leftPages, 0);
      outside.close();
      await put(store, create(gid));
    }
    copyFiles(live, folder);
    await store.close();
    writeFileSync(path(stateName), named);
    const again = new SqliteStore({ dataDir: folder });
    await again.open();
    for (const gid of ['a', 'b', 'c', 'd']) await found(again, gid);
    await again.close();
  });
});

testRefused(
  'an empty database beside a WAL',
  killed,
  ({ path }) => truncateSync(path(databaseName)),
  /holdfast\.db is empty/,
);
testRefused('no database beside a WAL', killed, ({ path }) => rmSync(path(databaseName)), /holdfast\.db is missing/);
testRefused(
  'an empty database beside the WAL of an earlier version',
  killed,
  ({ path }) => {
    rmSync(path(stateName));
    truncateSync(path(databaseName));
  },
  /holdfast\.db is empty[\s\S]*holdfast\.db-wal \(\d+ bytes\)/,
);
testRefused(
  'no database beside the WAL of an earlier version',
  killed,
  ({ path }) => {
    rmSync(path(stateName));
    rmSync(path(databaseName));
  },
  /holdfast\.db is missing/,
);
testRefused('an empty database after a clean stop', closed, ({ path }) => truncateSync(path(databaseName)), /is empty/);
testRefused('no database after a clean stop', closed, ({ path }) => rmSync(path(databaseName)), /is missing/);
testRefused(
  'a short database beside a WAL',
  killed,
  ({ path }) => truncateSync(path(databaseName), 5 * pageBytes),
  /is too short: it has 20480 bytes/,
);
testRefused(
  'a short database after a clean stop',
  closed,
  ({ path }) => truncateSync(path(databaseName), 5 * pageBytes),
  /is too short/,
);
testRefused('a database of 50 bytes', closed, ({ path }) => truncateSync(path(databaseName), 50), /is not a database/);
testRefused(
  'another file in place of the database',
  killed,
  ({ path }) => writeFileSync(path(databaseName), 'x'.repeat(9000)),
  /is not a database/,
);
testRefused('no WAL after kill -9', killed, ({ path }) => rmSync(path(walName)), /holdfast\.db-wal is missing/);
testRefused(
  'an empty WAL after kill -9',
  killed,
  ({ path }) => truncateSync(path(walName)),
  /holdfast\.db-wal is empty/,
);
testRefused(
  'a WAL shorter than the state file names',
  killed,
  ({ path }) => truncateSync(path(walName), 32 + (framesNamed(path(stateName)) - 1) * frameBytes),
  /is too short or damaged: \d+ whole frames/,
);
testRefused(
  'a WAL of zeros',
  killed,
  ({ path }) => writeFileSync(path(walName), new Uint8Array(50_000)),
  /damaged header/,
);
testRefused(
  'a WAL with one wrong bit in a frame',
  killed,
  ({ path }) => flip(path(walName), 32 + 24 + 100),
  /is too short or damaged: 0 whole/,
);
testRefused('a WAL with one wrong bit in its header', killed, ({ path }) => flip(path(walName), 17), /damaged header/);
testRefused(
  'a WAL of another start',
  killed,
  ({ path }) => {
    const folder = mkdtempSync(join(root, 'made-'));
    copyFiles(closed(), folder);
    const db = connect(join(folder, databaseName), loopSettings);
    db.exec('create table t (a)');
    cpSync(join(folder, walName), path(walName));
    db.close();
    rmSync(folder, { recursive: true });
  },
  /is of another generation/,
);
testRefused(
  'a WAL that was begun anew at an earlier time, after a clean stop',
  closed,
  ({ path }) => {
    const folder = mkdtempSync(join(root, 'made-'));
    copyFiles(older(), folder);
    const db = connect(join(folder, databaseName), loopSettings);
    for (const table of ['one', 'two']) {
      db.exec(`create table ${table} (a)`);
      checkpoint(db, 'passive');
    }
    cpSync(join(folder, walName), path(walName));
    db.close();
    rmSync(folder, { recursive: true });
  },
  /holdfast\.db-wal is an older one/,
);
testRefused(
  'the WAL of an earlier time after a clean stop',
  closed,
  ({ path }) => {
    const folder = mkdtempSync(join(root, 'made-'));
    copyFiles(older(), folder);
    rmSync(join(folder, stateName));
    const db = connect(join(folder, databaseName), loopSettings);
    db.exec('update identity set starts = starts + 1');
    cpSync(join(folder, walName), path(walName));
    db.close();
    rmSync(folder, { recursive: true });
  },
  /holdfast\.db-wal is an older one/,
);
testRefused(
  'the database of another folder',
  closed,
  ({ path }) => cpSync(join(other(), databaseName), path(databaseName)),
  /is another database: its id is/,
);
testRefused(
  'the database of another folder beside a WAL',
  killed,
  ({ path }) => cpSync(join(other(), databaseName), path(databaseName)),
  /is another database/,
);
testRefused(
  'an older copy of the database',
  closed,
  ({ path }) => cpSync(join(older(), databaseName), path(databaseName)),
  /is an older copy/,
);
testRefused(
  'a backup in place of the database',
  closed,
  ({ path }) => cpSync(backup(), path(databaseName)),
  /is another database/,
);
testRefused(
  'a backup beside the WAL of what it was made from',
  killed,
  ({ path }) => cpSync(backup(), path(databaseName)),
  /is another database/,
);
testRefused(
  'a database of an earlier version in place of the database',
  closed,
  ({ path }) => {
    rmSync(path(databaseName));
    const db = connect(path(databaseName), loopSettings);
    migrate(db, migrations.slice(0, 2));
    db.close();
  },
  /holdfast\.db has no id that can be read/,
);
testRefused(
  'a state file without a whole line',
  killed,
  ({ path }) => {
    flip(path(stateName), 30);
    flip(path(stateName), 4096 + 30);
  },
  /holdfast\.state is damaged/,
);

test('a newer Holdfast finds its WAL again after an older one refused the folder', async () => {
  await withCopy(
    killed(),
    ({ path }) => {
      const db = connect(path(databaseName), loopSettings);
      db.exec(`pragma user_version = ${migrations.length + 1}`);
      cpSync(path(databaseName), path('later.db'));
      cpSync(path(walName), path('later.db-wal'));
      db.close();
      cpSync(path('later.db'), path(databaseName));
      cpSync(path('later.db-wal'), path(walName));
    },
    async ({ folder }) => {
      const before = digest(folder);
      await assert.rejects(new SqliteStore({ dataDir: folder }).open(), { code: 'version' });
      assert.deepEqual(digest(folder), before);
    },
  );
});

const warnings = (store: SqliteStore) => store.cautions().filter((caution) => caution.includes(walName));

test('warned of: a wrong bit behind what the state file names, with commits behind it', async () => {
  await withCopy(
    killed(),
    ({ path }) => flip(path(walName), 32 + framesNamed(path(stateName)) * frameBytes + 24 + 100),
    async ({ folder, path }) => {
      const [first, again] = [new SqliteStore({ dataDir: folder }), new SqliteStore({ dataDir: folder })];
      await first.open();
      assert.match(
        warnings(first).join(),
        /holdfast\.db-wal: frame \d+ is damaged, and \d+ commits behind it cannot be read\. If the power failed/,
      );
      for (const gid of both) await found(first, gid);
      // As kill -9 leaves it: what was lost is met once.
      mkdirSync(path('kept'));
      copyFiles(folder, path('kept'));
      await first.close();
      copyFiles(path('kept'), folder);
      await again.open();
      assert.deepEqual(warnings(again), []);
      await again.close();
    },
  );
});

for (const [name, change] of [
  ['kill -9', unchanged],
  ['a commit that was cut off', ({ path }) => truncateSync(path(walName), statSync(path(walName)).size - frameBytes)],
  [
    'a frame that did not reach the disk, with no commit behind it',
    ({ path }) => flip(path(walName), statSync(path(walName)).size - 100),
  ],
] as const satisfies readonly [string, (copy: Copy) => void][]) {
  test(`not warned of: ${name}`, async () => {
    await withCopy(killed(), change, async ({ folder }) => {
      const store = new SqliteStore({ dataDir: folder });
      await store.open();
      assert.deepEqual(warnings(store), []);
      await store.close();
    });
  });
}

test('healthy: a stop after something failed, which does not call the database complete', async () => {
  await withCopy(killed(), unchanged, async ({ folder, path }) => {
    const parts = { openWal: (wal: string) => open(wal, 'r+'), failed: () => undefined };
    for (const isSound of [false, true]) {
      const opened = await OpenedFolder.open(folder, parts);
      await opened.close(isSound);
      assert.equal(existsSync(path(walName)), !isSound);
    }
  });
});

function flip(path: string, at: number): void {
  const file = openSync(path, 'r+');
  const byte = new Uint8Array(1);
  readSync(file, byte, 0, 1, at);
  writeSync(
    file,
    byte.map((value) => value ^ 4),
    0,
    1,
    at,
  );
  closeSync(file);
}

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

function framesNamed(path: string): number {
  const state = StateFile.read(path);
  assert.ok(state !== undefined && state !== 'unreadable' && state.phase === 'open');
  return state.wal.frames;
}
