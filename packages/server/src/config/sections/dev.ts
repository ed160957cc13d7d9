import { number, section } from '../setting.ts';
import { second } from '../units.ts';

export const dev = section(
  'Of `holdfast dev` alone ([development](development-mode.md)); `holdfast serve` has no use for it.',
  {
    callWaitMs: number({
      default: 2 * second,
      from: 0,
      to: 8 * second,
      description:
        'How long the manual clock waits before a step for a branch call that is out, in real time. What has not answered by then can meet its time-out.',
    }),
  },
);
