import { number, section } from '../setting.ts';
import { hour, second } from '../units.ts';

export const shutdown = section('What happens at SIGTERM and SIGINT. A second signal ends the process at once.', {
  drainMs: number({
    default: 1000,
    from: 0,
    to: hour,
    description:
      'How long requests are still served after SIGTERM, while `/readyz` answers 503. New transactions are refused; `submit`, `abort` and `registerBranch` of stored ones go through.',
  }),
  graceMs: number({
    default: 10 * second,
    from: 0,
    to: hour,
    description:
      'How long Holdfast then waits for branch calls that are under way. A branch that has not answered by then is called again after the next start.',
  }),
});
