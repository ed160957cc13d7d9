import { alerts } from '../procedures/alerts.ts';
import { claiming } from '../procedures/claim.ts';
import { nodes } from '../procedures/nodes.ts';
import { makeDue, makeManyDue, purge, setAside } from '../procedures/upkeep.ts';
import { ping, values } from '../procedures/values.ts';
import { write } from '../procedures/write.ts';

const all = [write, claiming.skipping, ...nodes, setAside, makeDue, makeManyDue, purge, ...alerts, ...values, ping];

/** MySQL creates no procedure that is there, and replaces none: a statement that is run again begins by dropping it. */
export const procedures: readonly string[] = all.flatMap((text) => [dropOf(text), text]);

export function dropOf(create: string): string {
  const [, name = ''] = /create procedure (\{p\}\w+)/.exec(create) ?? [];
  return `drop procedure if exists ${name}`;
}
