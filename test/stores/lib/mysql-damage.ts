import type { Damage } from '../../../packages/server/src/store/contract/fixtures.ts';

/** What changes rows behind a store's back, in the words of MariaDB and MySQL. */
export function mySqlDamage(damage: Damage, id: number, other: number, prefix: string): string {
  const statement = textOf(damage)
    .replaceAll('$id', String(id))
    .replaceAll('$other', String(other))
    .replaceAll('$p', prefix);
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

const changes = {
  definition: `update $ptransactions set definition = replace(definition, 'http', 'hctp') where id = $id`,
  type: `update $ptransactions set type = 'xa' where id = $id`,
  progress: `update $ptransactions set progress = replace(progress, '"attemptCount":', '"attemptCount":1') where id = $id`,
  status: `update $ptransactions set status = 'aborting' where id = $id`,
  reason: `update $ptransactions set reason = concat(reason, '.') where id = $id`,
  finishedMs: 'update $ptransactions set finished_ms = finished_ms + 1 where id = $id',
  branch: `update $pbranches set branch = replace(branch, 'u-', 'v-') where id = $id`,
  branchId: `update $pbranches set branch_id = '09' where id = $id and position = 0`,
  op: `update $pbranches set op = 'try' where id = $id and position = 0`,
} as const;

const losses = {
  definition: 'update $ptransactions set definition = null where id = $id',
  branch: 'delete from $pbranches where id = $id and position = 1',
  'branches and their count': 'update $ptransactions set branch_count = 0 where id = $id',
} as const;

const swapped = (columns: readonly string[]) => `
  update $ptransactions t join (select id, ${columns.join(', ')} from $ptransactions where id in ($id, $other)) o on o.id <> t.id
  set ${columns.map((column) => `t.${column} = o.${column}`).join(', ')} where t.id in ($id, $other)`;

const exchanges = {
  definition: swapped(['definition', 'definition_checksum']),
  progress: swapped(['progress', 'checksum']),
  branches: `update $pbranches set id = -1 where id = $id; update $pbranches set id = $id where id = $other;
    update $pbranches set id = $other where id = -1`,
} as const;
