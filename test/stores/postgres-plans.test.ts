/** Which plans PostgreSQL makes for our statements: with nothing stored, with thousands stored, before and after it has statistics. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  aBeat,
  aBranch,
  aDefinition,
  aProgress,
  append,
  claim,
  create,
  numbers,
  startMs,
  update,
} from '../../packages/server/src/store/contract/fixtures.ts';
import { PostgresStore } from '../../packages/server/src/store/postgres/postgres-store.ts';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { until } from '../lib/until.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const programs = postgres();
/** Rows of finished transactions. */
const rows = Number(process.env['HOLDFAST_TEST_ROWS'] ?? 10_000);

/**
 * What one statement may read, far less than is finished. Most have the thousandth row of a gid prefix, or a table of few
 * pages as a whole.
 */
const mostRowsRead = 2500;
const mostPagesRead = 1000;
const end = 'end of the plans';

const node = /Scan\b.*\(actual rows=([\d.]+) loops=(\d+)\)/;
const dropped = /Rows Removed by (?:Filter|Index Recheck|Join Filter): (\d+)/;
const pages = /Buffers: shared (?:hit=(\d+))? ?(?:read=(\d+))?/;

/** What the server counted while it ran one statement: rows that its scans gave or threw away, and pages. */
function readBy(plan: string): { rows: number; pages: number } {
  let rows = 0;
  let loops = 1;
  for (const line of plan.split('\n')) {
    const [, given, times] = node.exec(line) ?? [];
    if (times !== undefined) loops = Number(times);
    const [, thrownAway] = dropped.exec(line) ?? [];
    rows += (Number(given ?? 0) + Number(thrownAway ?? 0)) * loops;
  }
  // The first node has those of all the others.
  const [, hit, read] = pages.exec(plan) ?? [];
  return { rows, pages: Number(hit ?? 0) + Number(read ?? 0) };
}

describe('plans of PostgreSQL', { skip: 'missing' in programs && programs.missing }, () => {
  let fixture: PostgresFixture;
  let store: PostgresStore;
  before(async () => {
    if ('missing' in programs) return;
    fixture = await PostgresFixture.start(programs.found, {
      autovacuum: 'off',
      shared_preload_libraries: 'auto_explain',
      'auto_explain.log_min_duration': 0,
      'auto_explain.log_nested_statements': 'on',
      'auto_explain.log_analyze': 'on',
      'auto_explain.log_buffers': 'on',
      'auto_explain.log_timing': 'off',
    });
    store = new PostgresStore(fixture.settings());
    await store.open();
  });
  after(async () => {
    await store.close();
    await fixture.stop();
  });

  /** The plans of all statements that this runs. */
  async function plansOf(run: () => Promise<void>): Promise<string> {
    const from = fixture.server.output.length;
    await run();
    await fixture.client.query(`select '${end}'`);
    await until('all plans are logged', () => fixture.server.output.indexOf(end, from) >= 0);
    return fixture.server.output.slice(from);
  }

  async function fill(): Promise<void> {
    await fixture.client.query(`set auto_explain.log_min_duration = -1`);
    await fixture.client.query(`
      with t as (
        insert into holdfast.transactions (gid, type, status, owner, handed_back, has_incident, version, due_ms, created_ms,
          updated_ms, finished_ms, branch_count, definition_bytes, branches_bytes, checksum, create_token, write_token,
          incident, reason, progress)
        select 'old-' || n, 'saga', case when n % 10 = 0 then 'failed' else 'succeed' end, null, true, false, 2, 0,
          ${startMs} - 1000000 + n, 0, ${startMs} - 1000000 + n, 0, 10, 0, 0, 't', 't', '', '', repeat('x', 200)::bytea
        from generate_series(1, ${rows}) n returning id, gid, status, created_ms),
      d as (insert into holdfast.definitions select id, 0, repeat('x', 200)::bytea from t),
      b as (insert into holdfast.branches select id, '01', 'confirm', 0, 0, repeat('x', 200)::bytea from t)
      insert into holdfast.failed select id, gid, created_ms from t where status = 'failed'`);
    await fixture.client.query(`set auto_explain.log_min_duration = 0`);
  }

  /** Every kind of statement, on a few unfinished transactions beside what is stored. */
  async function everything(round: string): Promise<void> {
    const gids = numbers(40).map((index) => `${round}-${index}`);
    const due = aProgress('submitted', { dueMs: startMs });
    const definition = (gid: string) => aDefinition(gid, { type: 'tcc' });
    await store.commit(gids.map((gid) => create(gid, { progress: due, definition: definition(gid) })));
    await store.commit(gids.map((gid) => append(gid, [aBranch('01')], { type: 'tcc', whileStatus: 'submitted' })));
    await store.commit(gids.map((gid) => append(gid, [aBranch('01')], { type: 'tcc', whileStatus: 'submitted' })));
    // What is not done is looked at a second time: it may be there already.
    await store.commit([create(gids[0] ?? ''), update(gids[0] ?? '', { expectVersion: 77 })]);
    await store.commit([append(gids[0] ?? '', [aBranch('02')], { type: 'tcc', whileStatus: 'aborting' })]);
    const incident = { progress: aProgress('submitted', { dueMs: startMs + 5, incident: 'failing: x' }) };
    await store.commit(gids.slice(0, 10).map((gid) => update(gid, incident)));
    await store.load(gids);
    await store.load(gids, 'bare');
    await store.heartbeat(aBeat('me'));
    await store.heartbeat(aBeat('dead'));
    await claim(store, 'dead', { maxCount: 10 });
    await claim(store, 'me', { maxCount: 10, dead: [{ incarnation: 'dead', count: 1 }] });
    await store.changed(gids.map((gid) => ({ gid, version: 1 })));
    await store.owned('me', '', 100);
    await store.makeDue(gids[0] ?? '', startMs);
    await store.makeManyDue(startMs, 10, startMs);
    await store.counts(startMs);
    await store.takeAlerts({ nowMs: startMs, firstRetryMs: 1000, longestRetryMs: 4000, limit: 5 });
    await store.alertTold({
      gid: gids[1] ?? '',
      type: 'tcc',
      status: 'submitted',
      incident: '',
      againMs: startMs + 1000,
    });
    for (const status of ['prepared', 'submitted', 'aborting', 'succeed', 'failed'] as const) {
      await store.list({ limit: 10, status });
    }
    await store.list({ limit: 10 });
    await store.list({ limit: 10, hasIncident: true });
    await store.list({ limit: 10, gid: gids[2] ?? '' });
    await store.list({ limit: 10, gidPrefix: 'old-1' });
    await store.list({ limit: 10, createdFromMs: startMs - 999_500, createdToMs: startMs - 999_000 });
    await store.purge(startMs - 1_000_000 + 20, 10);
    await store.retire('me');
    await store.retire('dead', 1);
    await store.putValue('topics', round, '[]', 0, startMs);
    await store.getValue('topics', round);
    await store.listValues('topics', '', 10);
    await store.deleteValue('topics', round);
    await store.ping();
  }

  const cases: readonly [name: string, prepare: () => Promise<void>][] = [
    ['nothing is stored', async () => undefined],
    [`${rows} finished ones are stored, and there are no statistics`, fill],
    ['there are statistics', async () => void (await fixture.client.query('vacuum analyze'))],
    [
      'what ended is gone, and the statistics are of before',
      async () => {
        for (const table of ['transactions', 'definitions', 'branches', 'failed']) {
          await fixture.client.query(`delete from holdfast.${table}`);
        }
        await fixture.client.query('vacuum');
        await fill();
      },
    ],
  ];
  for (const [index, [name, prepare]] of cases.entries()) {
    it(`no statement reads all that is finished: ${name}`, async (t) => {
      await prepare();
      const plans = await plansOf(async () => {
        await everything(`round${index}`);
        // The plans of a procedure are made anew for a new connection.
        await store.close();
        store = new PostgresStore(fixture.settings());
        await store.open();
        await everything(`again${index}`);
      });
      const [, ...statements] = plans.split('Query Text');
      assert.ok(statements.length > 200, 'the plans of nested statements are logged');
      const read = statements.map((plan) => ({ ...readBy(plan), plan }));
      const most = (of: 'rows' | 'pages') => Math.max(...read.map((one) => one[of]));
      t.diagnostic(`one of ${read.length} statements read at most ${most('rows')} rows and ${most('pages')} pages`);
      const found = read.filter((one) => one.rows > mostRowsRead || one.pages > mostPagesRead);
      assert.deepEqual(found.slice(0, 3), []);
    });
  }
});
