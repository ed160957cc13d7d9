import { number, section } from '../setting.ts';
import { gib, mib } from '../units.ts';

export const active = section(
  'How many transactions are driven at the same time. Further ones that are due wait in the store.',
  {
    maxActive: number({
      default: 20_000,
      from: 1,
      to: 1_000_000,
      description:
        'The most transactions that are driven at the same time. From 80 % of it on, new transactions are refused (429), so that stored ones have room. Transactions that come due in the store take at most half of it.',
    }),
    maxActiveBytes: number({
      default: 256 * mib,
      from: 16 * mib,
      to: 64 * gib,
      description:
        'The most bytes of the payloads and definitions of the transactions that are driven at the same time. New transactions are refused from 80 % of it on, and stored ones take at most half, as with `active.maxActive`.',
    }),
    claimRows: number({
      default: 200,
      from: 1,
      to: 10_000,
      description: 'The most due transactions that are taken from the store in one step.',
    }),
  },
);
