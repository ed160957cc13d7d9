import { type BranchOperation, type Definition, isFinal, type Progress } from '@holdfast/core';
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
  /** When the alert that is owed is due; 0: none is. */
  readonly alertMs: number;
  readonly alertTries: number;
  /** The lowest format of a program that can read it. */
  readonly needs: number;
}

/** Why a row changed, and which process asked for it. `write` where it was a write of a batch. */
export interface Cause {
  readonly kind: Write['kind'] | 'claim' | 'make-due' | 'purge' | 'alert';
  readonly by: string;
  readonly write: Write | undefined;
}

/** What a reader gets: frozen data may be shared with the database, bytes may not. */
export function storedOf(row: Row): StoredTransaction {
  const { alertMs: _, alertTries: __, needs: ___, ...stored } = row;
  const { definition, branches } = stored;
  const hasBytes = [...definition.steps, ...branches].some(({ payload }) => typeof payload !== 'string');
  return hasBytes ? seal(stored) : stored;
}

/** What the incident of a row makes of the alert that is owed for it. */
export function owedFor({ status, incident }: Progress, before?: Row): Pick<Row, 'alertMs' | 'alertTries'> {
  if (incident === '' || isFinal(status)) return { alertMs: 0, alertTries: 0 };
  if (before?.progress.incident !== incident) return { alertMs: 1, alertTries: 0 };
  return { alertMs: before.alertMs, alertTries: before.alertTries };
}

/** What the limit of a claim counts: definition and branches. */
export function rowBytes({ definition, branches }: Row): number {
  let bytes = definition.customData.length + definition.queryPrepared.length;
  for (const step of definition.steps) bytes += step.action.length + step.compensate.length + step.payload.length;
  for (const branch of branches) bytes += branch.url.length + branch.payload.length;
  return bytes;
}
