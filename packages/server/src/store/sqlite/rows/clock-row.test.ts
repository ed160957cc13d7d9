import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { aProgress, create, put, startMs } from '../../contract/fixtures.ts';
import { SqliteStore } from '../sqlite-store.ts';

const cautionsOf = (store: SqliteStore) => store.cautions().filter((caution) => caution.includes('stored time'));

test('a stored time that is damaged is taken from what else is stored, and told', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-clock-row-'));
  const highestMs = startMs + 5000;
  const store = new SqliteStore({ dataDir });
  const reopened = async (statement = 'select 1') => {
    await store.close();
    const db = new DatabaseSync(join(dataDir, 'holdfast.db'));
    db.exec(statement);
    db.close();
    await store.open();
  };
  try {
    await store.open();
    await put(store, create('a'), create('b', { progress: aProgress('submitted', { updatedMs: highestMs }) }));
    await reopened();
    assert.deepEqual([await store.clockMs(), cautionsOf(store)], [highestMs, []]);
    const values = ["'abc'", "x'00'", '-1', '1.5', '9223372036854775807', '8640000000000001'];
    for (const damage of [...values.map((value) => `update clock set highest_ms = ${value}`), 'delete from clock']) {
      await reopened(damage);
      assert.equal(await store.clockMs(), highestMs, damage);
      assert.match(
        cautionsOf(store).join(),
        /was damaged: time goes on from what else is stored .the latest stored change is of 20/,
      );
      await reopened();
      assert.deepEqual([await store.clockMs(), cautionsOf(store)], [highestMs, []], 'it is written');
    }
    await reopened("update transactions set updated_ms = 'x' where gid = 'b'; update clock set highest_ms = 'x'");
    assert.equal(await store.clockMs(), startMs, 'damaged rows say nothing');
  } finally {
    await store.close();
    rmSync(dataDir, { recursive: true });
  }
});

test('a ping writes to the disk, and leaves the time as it is', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-clock-row-'));
  const store = new SqliteStore({ dataDir });
  const written = () => readFileSync(join(dataDir, 'holdfast.db-wal')).toString('base64');
  try {
    await store.open();
    await put(store, create('a'));
    const [ms, before] = [await store.clockMs(), written()];
    await store.ping();
    assert.notEqual(written(), before, 'so a disk without room is noticed');
    assert.equal(await store.clockMs(), ms);
  } finally {
    await store.close();
    rmSync(dataDir, { recursive: true });
  }
});
