import { number, section } from '../setting.ts';
import { second } from '../units.ts';

export const dev = section(
  'For `holdfast dev` alone ([development mode](development-mode.md)). `holdfast serve` does not use it.',
  {
    callWaitMs: number({
      default: 2 * second,
      from: 0,
      to: 8 * second,
      description:
        'How long the manual clock waits, in real time, for branch calls that are out before it moves on. A call that has not answered by then can run into its time-out.',
    }),
  },
);
