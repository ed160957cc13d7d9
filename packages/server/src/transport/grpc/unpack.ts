import { gunzip, inflate } from 'node:zlib';
import { type HoldfastError, invalid } from '@holdfast/core';
import type { Packing } from './head.ts';
import { tooLarge } from './messages.ts';

/** The most that gzip and deflate pack into a byte. */
const mostPacked = 1032;

/** What a packed message may become at most. */
export function mostUnpackedBytes(packed: Buffer, limitBytes: number): number {
  return Math.min(packed.length * mostPacked, limitBytes);
}

/** Calls `done` later, with the message or with what is wrong with it. Work for another thread. */
export function unpack(
  packing: Exclude<Packing, 'identity'>,
  packed: Buffer,
  limitBytes: number,
  done: (unpacked: Buffer | HoldfastError) => void,
): void {
  const unpacked = (error: Error | null, bytes: Buffer) => {
    if (error === null) done(bytes);
    else if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') done(tooLarge(limitBytes));
    else done(invalid('message', `must be compressed as grpc-encoding says, with ${packing}, and whole`));
  };
  (packing === 'gzip' ? gunzip : inflate)(packed, { maxOutputLength: limitBytes }, unpacked);
}
