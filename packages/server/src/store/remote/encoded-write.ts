import { checksumBranch, checksumDefinition, checksumProgress } from '../checksum.ts';
import { encodeBranch, encodeDefinition, encodeProgress, type Stored, type StoredProgress } from '../codec.ts';
import type { AppendWrite, CreateWrite, UpdateWrite, Write } from '../store.ts';

/** A write with its bytes and checksums made: once, however often it is issued. */
export type EncodedWrite =
  | { readonly kind: 'create'; readonly write: CreateWrite; readonly progress: Progress; readonly definition: Summed }
  | {
      readonly kind: 'update';
      readonly write: UpdateWrite;
      readonly progress: Progress;
      readonly definition: Summed | undefined;
    }
  | { readonly kind: 'append'; readonly write: AppendWrite; readonly branches: readonly Summed[] };

export interface Summed {
  readonly bytes: Uint8Array;
  readonly checksum: number;
}

/** As it is stored: what has a column, and the bytes of the rest. */
export interface Progress extends Summed {
  readonly stored: StoredProgress;
}

export function encodeWrite(write: Write): EncodedWrite {
  switch (write.kind) {
    case 'create':
      return { kind: write.kind, write, progress: progressOf(write), definition: definitionOf(write) };
    case 'update': {
      const { kind, gid, definition } = write;
      const summed = definition === undefined ? undefined : definitionOf({ gid, definition });
      return { kind, write, progress: progressOf(write), definition: summed };
    }
    case 'append':
      return { kind: write.kind, write, branches: write.branches.map((branch) => branchOf(write.gid, branch)) };
    default:
      return write satisfies never;
  }
}

function progressOf({ gid, progress }: Pick<UpdateWrite, 'gid' | 'progress'>): Progress {
  const stored = encodeProgress(progress);
  return { stored, bytes: Buffer.from(stored.text), checksum: checksumProgress(gid, stored) };
}

function definitionOf({ gid, definition }: Pick<CreateWrite, 'gid' | 'definition'>): Summed {
  const stored = encodeDefinition(definition);
  const { type, createdMs } = definition;
  return { bytes: asBytes(stored), checksum: checksumDefinition({ gid, type, createdMs }, stored) };
}

function branchOf(gid: string, branch: AppendWrite['branches'][number]): Summed {
  const stored = encodeBranch(branch);
  return { bytes: asBytes(stored), checksum: checksumBranch(gid, branch, stored) };
}

const asBytes = (stored: Stored) => (typeof stored === 'string' ? Buffer.from(stored) : stored);

/** What writes need that go together. */
export const needsOf = ([first]: readonly EncodedWrite[]) => first?.write.needs ?? 0;

/** All nodes write the rows of a batch in the same order, so that none waits for one that waits for it. */
export function byGid({ write: one }: EncodedWrite, { write: other }: EncodedWrite): number {
  return one.gid < other.gid ? -1 : one.gid > other.gid ? 1 : 0;
}
