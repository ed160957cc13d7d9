import type { BranchOperation, Definition, Progress } from '@holdfast/core';
import type { StoredTransaction, Write, WriteToken } from 'holdfast/store/store';
import { seal } from './copy.ts';

/** A transaction as the simulated database keeps it. Sealed: each change puts a new row in its place. */
export interface Row {
  readonly definition: Definition;
  readonly branches: readonly BranchOperation[];
  readonly progress: Progress;
  readonly owner: string | null;
  readonly handedBack: boolean;
  readonly version: number;
  readonly createToken: WriteToken;
  readonly writeToken: WriteToken;
}

/** Why a row changed, and which process asked for it. `write` where it was a write of a batch. */
export interface Cause {
  readonly kind: Write['kind'] | 'claim' | 'make-due' | 'purge';
  readonly by: string;
  readonly write: Write | undefined;
}

/** What a reader gets: frozen data may be shared with the database, bytes may not. */
export function storedOf(row: Row): StoredTransaction {
  const { definition, branches } = row;
  const hasBytes = [...definition.steps, ...branches].some(({ payload }) => typeof payload !== 'string');
  return hasBytes ? seal(row) : { ...row };
}

/** What the limit of a claim counts: definition and branches. */
export function rowBytes({ definition, branches }: Row): number {
  let bytes = definition.customData.length + definition.queryPrepared.length;
  for (const step of definition.steps) bytes += step.action.length + step.compensate.length + step.payload.length;
  for (const branch of branches) bytes += branch.url.length + branch.payload.length;
  return bytes;
}
