import type { Coordinator } from '../../../engine/coordinator.ts';
import { isLong } from '../../../engine/long-turns.ts';
import type { ShownTransaction } from '../../wire/stored.ts';

/** Resolves when a transaction may be made an answer of: at once, or if it is long in a turn of its own. */
export async function turnFor(
  { definition, branches }: Pick<ShownTransaction, 'definition' | 'branches'>,
  { longTurns }: Pick<Coordinator, 'longTurns'>,
): Promise<void> {
  if (isLong(definition, branches.length)) await longTurns.turn();
}
