import { alerts } from '../procedures/alerts.ts';
import { claiming } from '../procedures/claim.ts';
import { nodes } from '../procedures/nodes.ts';
import { makeDue, makeManyDue, noteOnRow, purge, setAside } from '../procedures/upkeep.ts';
import { ping, values } from '../procedures/values.ts';
import { write } from '../procedures/write.ts';

export const procedures: readonly string[] = [
  write,
  claiming.skipping,
  ...nodes,
  setAside,
  noteOnRow,
  makeDue,
  makeManyDue,
  purge,
  ...alerts,
  ...values,
  ping,
];
