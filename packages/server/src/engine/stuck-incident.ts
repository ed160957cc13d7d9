import { failingPrefixes } from '@holdfast/core';
import type { Store, Write } from '../store/store.ts';

/** Control characters are what a server may refuse to store, and its own text may repeat them. */
const unprintable = /\p{Cc}/gu;
const longest = 500;

/** It goes on by itself as soon as the write succeeds, which also takes the incident away. */
export const stuckIncident = (reason: string) =>
  `${failingPrefixes.errors}its progress cannot be stored: ${reason.replace(unprintable, ' ').slice(0, longest)}`;

/**
 * Makes it an incident of the row, for lists, alerts and other coordinators, that its next write is refused again and again.
 * Who asked for a creation or a registration is told in its place.
 */
export async function noteStuck(store: Pick<Store, 'noteIncident'>, write: Write, reason: string): Promise<void> {
  if (write.kind !== 'update') return;
  const { gid, expectOwner: owner, expectVersion: version } = write;
  await store.noteIncident?.({ gid, owner, version }, stuckIncident(reason));
}
