import { number, section } from '../setting.ts';
import { hour, second } from '../units.ts';

export const metrics = section('What `/api/metrics` shows.', {
  countsTimeoutMs: number({
    default: second,
    from: 1,
    to: hour,
    description:
      'How long a scrape waits for the store to count. After this time it answers without the four gauges that come from the store.',
  }),
});
