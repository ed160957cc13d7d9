import { crc32 } from 'node:zlib';
import type { BranchOperation } from '@holdfast/core';
import { damaged, type Stored, type StoredProgress } from './codec.ts';

/**
 * Checksums of what is stored (CRC-32, as a signed integer): written with it, and verified whenever it is read. Each
 * begins with what the row belongs to, so that a row in the place of another is noticed too.
 *
 * Not covered is what the store changes without reading the row: due time, owner, version, incident, counts.
 */
export type Checksum = number;

/** Where a definition belongs, and what of it lies in columns as well. */
export interface DefinitionKey {
  readonly gid: string;
  readonly type: string;
  readonly createdMs: number;
}

export function checksumDefinition({ gid, type, createdMs }: DefinitionKey, stored: Stored): Checksum {
  return ofParts(`${gid}\0${type}\0${createdMs}\0`, stored);
}

/** With the columns that win over the text. */
export function checksumProgress(gid: string, progress: StoredProgress): Checksum {
  const { status, updatedMs, finishedMs, reason, text } = progress;
  return crc32(`${gid}\0${status}\0${updatedMs}\0${finishedMs}\0${reason}\0${text}`) | 0;
}

export function checksumBranch(
  gid: string,
  { branchId, op }: Pick<BranchOperation, 'branchId' | 'op'>,
  stored: Stored,
): Checksum {
  return ofParts(`${gid}\0${branchId}\0${op}\0`, stored);
}

/**
 * @param stored null: written by a version that made none
 * @throws StoreError `version`
 */
export function verify(what: string, stored: Checksum | null, computed: Checksum): void {
  if (stored !== null && stored !== computed) throw damaged(what, 'its checksum does not fit');
}

/** Payloads are hashed where they are, without a copy. */
function ofParts(key: string, stored: Stored): Checksum {
  return (typeof stored === 'string' ? crc32(key + stored) : crc32(stored, crc32(key))) | 0;
}
