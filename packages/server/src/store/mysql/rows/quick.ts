import { isFinal } from '@holdfast/core';
import { type EncodedWrite, needsOf } from '../../remote/encoded-write.ts';

export type Encoded<K extends EncodedWrite['kind']> = Extract<EncodedWrite, { kind: K }>;

/**
 * A statement that names the bytes of the batch is written out with them, for the logs of the server: where a write is large, all
 * are written one by one, from copies of what each needs.
 */
const quickBytes = 16 * 1024;

/**
 * What of a batch is written by a few statements together: ends that nobody has to look at, and creations, either all or
 * none, because keys are to be written in their order.
 */
export function quickOf(batch: readonly EncodedWrite[]): ReadonlySet<EncodedWrite> {
  if (needsOf(batch) > 0 || batch.some((one) => bytesOf(one) > quickBytes)) return new Set();
  const hasQuickCreations = batch.every((one) => one.kind !== 'create' || isQuickCreation(one));
  return new Set(batch.filter((one) => (one.kind === 'create' ? hasQuickCreations : isQuickEnd(one))));
}

function bytesOf(one: EncodedWrite): number {
  if (one.kind === 'append') return one.branches.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return one.progress.bytes.length + (one.definition?.bytes.length ?? 0);
}

function isQuickCreation({ progress: { stored } }: Encoded<'create'>): boolean {
  return !isFinal(stored.status) && stored.finishedMs === 0 && stored.incident === '' && stored.reason === '';
}

function isQuickEnd(one: EncodedWrite): boolean {
  if (one.kind !== 'update' || one.definition !== undefined || one.write.owner !== null) return false;
  if (one.write.expectBranches !== undefined) return false;
  const { stored } = one.progress;
  return stored.status === 'succeed' && stored.incident === '' && stored.reason === '';
}
