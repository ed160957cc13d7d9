import { DatabaseSync } from 'node:sqlite';
import type { Damage } from '../../contract/fixtures.ts';

/** Changes a row of a database that may be open elsewhere. */
export function damageRow(path: string, gid: string, damage: Damage): void {
  const db = new DatabaseSync(path, { timeout: 5000 });
  try {
    const ids = { gid, other: damage.kind === 'exchanged' ? damage.other : gid };
    const found = db
      .prepare(
        'select (select id from transactions where gid = $gid) as id, (select id from transactions where gid = $other) as other',
      )
      .get(ids);
    const id = Number(found?.['id']);
    const other = Number(found?.['other']);
    db.exec(`begin immediate; ${statementOf(damage, id, other)}; commit`);
  } finally {
    db.close();
  }
}

function statementOf(damage: Damage, id: number, other: number): string {
  switch (damage.kind) {
    case 'changed':
      return changes[damage.what].replaceAll('$id', String(id));
    case 'lost':
      return losses[damage.what].replaceAll('$id', String(id));
    case 'exchanged':
      return exchanges[damage.what].replaceAll('$id', String(id)).replaceAll('$other', String(other));
    default:
      return damage satisfies never;
  }
}

const changes = {
  definition: `update definitions set definition = replace(definition, 'http', 'hctp') where id = $id`,
  type: `update transactions set type = 'xa' where id = $id`,
  progress: `update transactions set progress = replace(progress, '"attemptCount":', '"attemptCount":1') where id = $id`,
  status: `update transactions set status = 'aborting' where id = $id`,
  reason: `update transactions set reason = reason || '.' where id = $id`,
  finishedMs: 'update transactions set finished_ms = finished_ms + 1 where id = $id',
  branch: `update branches set branch = replace(branch, 'u-', 'v-') where id = $id`,
  branchId: `update branches set branch_id = '09' where id = $id and position = 0`,
  op: `update branches set op = 'try' where id = $id and position = 0`,
} as const;

const losses = {
  definition: 'delete from definitions where id = $id',
  branch: 'delete from branches where id = $id and position = 1',
  'branches and their count': 'update transactions set branch_count = 0 where id = $id',
} as const;

const exchanges = {
  definition: `update definitions set id = -1 where id = $id; update definitions set id = $id where id = $other;
    update definitions set id = $other where id = -1`,
  progress: `create temp table held as select id, progress, checksum from transactions where id in ($id, $other);
    update transactions set (progress, checksum) =
      (select h.progress, h.checksum from held h where h.id in ($id, $other) and h.id <> transactions.id)
    where id in ($id, $other)`,
  branches: `update branches set id = -1 where id = $id; update branches set id = $id where id = $other;
    update branches set id = $other where id = -1`,
} as const;
