import { number, section, text } from '../setting.ts';
import { day, hour, minute, second } from '../units.ts';

export const dns = section(
  'How names in URLs are looked up: the hosts of plain URLs, `dns:///` and `dns+srv://` ([naming](naming.md)).',
  {
    servers: text({
      default: '',
      maxCharacters: 1024,
      allowed: 'addresses of DNS servers with commas between them, as `127.0.0.1:8600`, or nothing',
      description:
        'The DNS servers to ask, also for the hosts of plain URLs. Empty: the servers of the system. If they do not know the host of a plain URL, the system itself is asked.',
    }),
    timeoutMs: number({
      default: 2 * second,
      from: 50,
      to: minute,
      description: 'How long the look-up of one name may take.',
    }),
    ttlMaxMs: number({
      default: 30 * second,
      from: second,
      to: hour,
      description:
        'The longest time that an answer is used. An answer is used for the time that it names itself, at least one second. An answer that names no time, such as one of the system, is used for this long.',
    }),
    staleMs: number({
      default: hour,
      from: 0,
      to: 7 * day,
      description:
        'How old the last answer may be that is used while DNS does not answer. `The name does not exist` counts as an answer.',
    }),
    names: number({
      default: 1000,
      from: 1,
      to: 100_000,
      description:
        'How many names of services are remembered with their addresses, and how many hosts of plain URLs. The least recently used one is forgotten first.',
    }),
  },
);
