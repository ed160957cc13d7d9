import { number, section } from '../setting.ts';
import { gib, kib, mib } from '../units.ts';

export const journal = section(
  'Writes of all transactions go to one queue, the journal, and are committed together. These limits keep memory bounded when the disk is slower than the load.',
  {
    batchRows: number({
      default: 256,
      from: 1,
      to: 10_000,
      description: 'The most writes in one commit.',
    }),
    batchBytes: number({
      default: 8 * mib,
      from: 64 * kib,
      to: gib,
      description: 'The most bytes in one commit. A single write that is larger is committed alone.',
    }),
    softRows: number({
      default: 4000,
      from: 1,
      to: 1_000_000,
      description: 'The number of queued writes from which on requests that create a transaction are refused (429).',
    }),
    softBytes: number({
      default: 64 * mib,
      from: mib,
      to: 16 * gib,
      description: 'The number of queued bytes from which on requests that create a transaction are refused (429).',
    }),
    hardRows: number({
      default: 16_000,
      from: 1,
      to: 1_000_000,
      description: 'The number of queued writes from which on every request that changes something is refused (503).',
    }),
    hardBytes: number({
      default: 192 * mib,
      from: mib,
      to: 16 * gib,
      description: 'The number of queued bytes from which on every request that changes something is refused (503).',
    }),
  },
);
