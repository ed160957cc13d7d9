import assert from 'node:assert/strict';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { test } from 'node:test';
import { LoopConnection } from './loop-connection.ts';
import { migrate } from './migrate.ts';
import { Listing } from './rows/listing.ts';
import { Upkeep } from './rows/upkeep.ts';

/** Remembers every statement that is prepared on it. */
class Recorder extends DatabaseSync {
  readonly statements: string[] = [];

  override prepare(...[sql, options]: Parameters<DatabaseSync['prepare']>): StatementSync {
    this.statements.push(sql);
    return super.prepare(sql, options);
  }
}

/** Partial indexes without finished rows: reading one from its beginning is no scan of them. */
const small = /^SCAN (transactions|clock)( USING (COVERING )?INDEX transactions_(due|incident|alert))?$/;

test('Q35: no statement scans finished rows, nor sorts', () => {
  const db = new Recorder(':memory:');
  migrate(db);
  db.statements.length = 0;
  assert.ok(new LoopConnection(db) && new Listing(db) && new Upkeep(db));
  const statements = db.statements.filter((sql) => /select|update|delete/.test(sql));
  assert.ok(statements.length > 20, `only ${statements.length} statements were seen`);
  for (const sql of statements) {
    const plan = db
      .prepare(`explain query plan ${sql}`)
      .all()
      .map(({ detail }) => String(detail));
    for (const step of plan) {
      if (step === 'SCAN clock') continue;
      const isSmall = small.test(step) && step !== 'SCAN transactions';
      assert.ok(step.startsWith('SEARCH') || isSmall || /SUBQUERY/.test(step), `${sql}\n${plan.join('\n')}`);
    }
  }
  db.close();
});

test('no write of a transaction makes a temporary table to find out its indexes', () => {
  const db = new Recorder(':memory:');
  migrate(db);
  db.statements.length = 0;
  assert.ok(new LoopConnection(db));
  const statements = db.statements.filter((sql) => /^\s*(insert into|update) transactions\b/.test(sql));
  assert.ok(statements.length > 5, `only ${statements.length} statements were seen`);
  for (const sql of statements) {
    const opcodes = db
      .prepare(`explain ${sql}`)
      .all()
      .map(({ opcode }) => String(opcode));
    assert.ok(!opcodes.includes('OpenEphemeral'), sql);
  }
  db.close();
});
