import { number, section } from '../setting.ts';
import { hour, second } from '../units.ts';

export const metrics = section('What `/api/metrics` shows.', {
  countsTimeoutMs: number({
    default: second,
    from: 1,
    to: hour,
    description: 'How long a scrape waits for the counts of the store; then it answers without them.',
  }),
});
