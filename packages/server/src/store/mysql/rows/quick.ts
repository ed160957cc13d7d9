import { isFinal } from '@holdfast/core';
import { type EncodedWrite, needsOf } from '../../remote/encoded-write.ts';

export type Encoded<K extends EncodedWrite['kind']> = Extract<EncodedWrite, { kind: K }>;

/** A statement that names bytes is written out with them, for the logs of the server: large ones are written by themselves. */
const quickBytes = 16 * 1024;

/**
 * What of a batch is written by a few statements together: ends that nobody has to look at, and creations, either all or
 * none, because keys are to be written in their order.
 */
export function quickOf(batch: readonly EncodedWrite[]): ReadonlySet<EncodedWrite> {
  if (needsOf(batch) > 0) return new Set();
  const hasQuickCreations = batch.every((one) => one.kind !== 'create' || isQuickCreation(one));
  return new Set(batch.filter((one) => (one.kind === 'create' ? hasQuickCreations : isQuickEnd(one))));
}

function isQuickCreation({ progress: { stored, bytes }, definition }: Encoded<'create'>): boolean {
  const isPlain = !isFinal(stored.status) && stored.finishedMs === 0 && stored.incident === '' && stored.reason === '';
  return isPlain && bytes.length + definition.bytes.length <= quickBytes;
}

function isQuickEnd(one: EncodedWrite): boolean {
  if (one.kind !== 'update' || one.definition !== undefined || one.write.owner !== null) return false;
  if (one.write.expectBranches !== undefined) return false;
  const { stored, bytes } = one.progress;
  const isPlain = stored.status === 'succeed' && stored.incident === '' && stored.reason === '';
  return isPlain && bytes.length <= quickBytes;
}
