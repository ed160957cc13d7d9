import { type Address, askFor } from './ask.ts';
import type { Output } from './operate.ts';
import { argument, plain } from './plain.ts';

interface ShownNode {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly isThis: boolean;
  readonly isDraining: boolean;
  readonly isDead: boolean;
  readonly startedAt: string;
  readonly heardAt: string;
}

export interface NodesOptions extends Output {
  readonly drain?: string;
}

/** Prints the coordinators on the store of the one that is asked, or asks one of them to drain. */
export async function showNodes(address: Address, { json = false, drain }: NodesOptions): Promise<void> {
  if (drain !== undefined) {
    await askFor(address, 'POST', `/api/v1/nodes/${encodeURIComponent(drain)}/drain`);
    console.log(`${argument(drain)} takes nothing new from its next heartbeat on, and hands over what it drives`);
    return;
  }
  const { nodes, incident } = await askFor(address, 'GET', '/api/v1/nodes');
  if (json) console.log(JSON.stringify({ nodes, incident }, undefined, 2));
  else for (const line of nodeLines(nodes as readonly ShownNode[], String(incident ?? ''))) console.log(line);
}

/** @param incident what is wrong with the store they share; empty: nothing */
export function nodeLines(nodes: readonly ShownNode[], incident = ''): readonly string[] {
  const lines = nodes.map(({ id, name, version, startedAt, heardAt, ...node }) => {
    const state = node.isDead ? `dead, last heard of at ${heardAt}` : node.isDraining ? 'drains' : 'serves';
    const asked = node.isThis ? '  (this one was asked)' : '';
    return `${plain(name)}  ${plain(id)}  ${plain(version)}  since ${startedAt}  ${state}${asked}`;
  });
  return incident === '' ? lines : [`incident: ${plain(incident)}`, ...lines];
}
