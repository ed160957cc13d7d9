import { failingPrefixes, type Progress } from '@holdfast/core';
import type { Store, Write } from '../store/store.ts';

/** Control characters are what a server may refuse to store, and its own text may repeat them. */
const unprintable = /\p{Cc}/gu;
const longest = 500;

const prefix = `${failingPrefixes.errors}its progress cannot be stored: `;

/** It goes on by itself as soon as the write succeeds, which also takes the incident away. */
export const stuckIncident = (reason: string) => prefix + reason.replace(unprintable, ' ').slice(0, longest);

/** For whoever drives it after that: the incident is the row's, and is no part of what happened to the transaction. */
export function withoutStuck(progress: Progress): Progress {
  return progress.incident.startsWith(prefix) ? { ...progress, incident: '' } : progress;
}

/**
 * Makes it an incident of the row, for lists, alerts and other coordinators, that its next write is refused again and again.
 * Who asked for a creation or a registration is told in its place.
 */
export async function noteStuck(store: Pick<Store, 'noteIncident'>, write: Write, reason: string): Promise<void> {
  if (write.kind !== 'update') return;
  const { gid, expectOwner: owner, expectVersion: version } = write;
  await store.noteIncident?.({ gid, owner, version }, stuckIncident(reason));
}
