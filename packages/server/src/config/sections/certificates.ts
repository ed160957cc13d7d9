import { number, section } from '../setting.ts';
import { day, hour, second, year } from '../units.ts';

export const certificates = section(
  'Certificates that are renewed while Holdfast runs: the files of `grpc.tls` and `calls.caFile`.',
  {
    lookMs: number({
      default: 10 * second,
      from: 100,
      to: hour,
      description:
        'How often these files are read. When they have changed, new connections use what is in them; open ones go on. Files that cannot be used, or do not fit together, are an error in the log, and what was read before stays in use.',
    }),
    warnBeforeMs: number({
      default: 14 * day,
      from: 0,
      to: year,
      description: 'A certificate that ends within this time is a warning in the log, once a day.',
    }),
  },
);
