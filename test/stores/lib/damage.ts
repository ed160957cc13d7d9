import type { Damage } from '../../../packages/server/src/store/contract/fixtures.ts';

/** What changes rows behind a store's back, in the words of PostgreSQL. */
export function damageStatement(damage: Damage, id: number, other: number, schema: string): string {
  const statement = textOf(damage)
    .replaceAll('$id', String(id))
    .replaceAll('$other', String(other))
    .replaceAll('$schema', schema);
  return `begin; ${statement}; commit`;
}

function textOf(damage: Damage): string {
  switch (damage.kind) {
    case 'changed':
      return changes[damage.what];
    case 'lost':
      return losses[damage.what];
    case 'exchanged':
      return exchanges[damage.what];
    default:
      return damage satisfies never;
  }
}

/** Of bytes that are text. */
const replaced = (column: string, from: string, to: string) =>
  `${column} = convert_to(replace(convert_from(${column}, 'UTF8'), '${from}', '${to}'), 'UTF8')`;

const changes = {
  definition: `update $schema.definitions set ${replaced('definition', 'http', 'hctp')} where id = $id`,
  type: `update $schema.transactions set type = 'xa' where id = $id`,
  progress: `update $schema.transactions set ${replaced('progress', '"attemptCount":', '"attemptCount":1')} where id = $id`,
  status: `update $schema.transactions set status = 'aborting' where id = $id`,
  reason: `update $schema.transactions set reason = reason || '.' where id = $id`,
  finishedMs: 'update $schema.transactions set finished_ms = finished_ms + 1 where id = $id',
  branch: `update $schema.branches set ${replaced('branch', 'u-', 'v-')} where id = $id`,
  branchId: `update $schema.branches set branch_id = '09' where id = $id and position = 0`,
  op: `update $schema.branches set op = 'try' where id = $id and position = 0`,
} as const;

const losses = {
  definition: 'delete from $schema.definitions where id = $id',
  branch: 'delete from $schema.branches where id = $id and position = 1',
  'branches and their count': 'update $schema.transactions set branch_count = 0 where id = $id',
} as const;

const exchanges = {
  definition: `update $schema.definitions set id = -1 where id = $id;
    update $schema.definitions set id = $id where id = $other; update $schema.definitions set id = $other where id = -1`,
  progress: `update $schema.transactions t set progress = o.progress, checksum = o.checksum from $schema.transactions o
    where t.id in ($id, $other) and o.id in ($id, $other) and o.id <> t.id`,
  branches: `update $schema.branches set id = -1 where id = $id;
    update $schema.branches set id = $id where id = $other; update $schema.branches set id = $other where id = -1`,
} as const;
