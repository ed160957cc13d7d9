import { number, section } from '../setting.ts';
import { gib, mib } from '../units.ts';

export const active = section('What is driven at once. What is due beyond that waits in the store.', {
  maxActive: number({
    default: 20_000,
    from: 1,
    to: 1_000_000,
    description:
      'The most transactions driven at once. At 80 % of it new ones are refused (429): the rest is for what is stored. What comes due in the store takes at most half of it.',
  }),
  maxActiveBytes: number({
    default: 256 * mib,
    from: 16 * mib,
    to: 64 * gib,
    description: 'The most bytes of their payloads and definitions; the same shares hold.',
  }),
  claimRows: number({
    default: 200,
    from: 1,
    to: 10_000,
    description: 'The most due transactions taken from the store in one step.',
  }),
});
