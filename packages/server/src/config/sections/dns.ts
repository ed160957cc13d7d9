import { number, section, text } from '../setting.ts';
import { day, hour, minute, second } from '../units.ts';

export const dns = section('How `dns:///` and `dns+srv://` URLs are looked up ([naming](naming.md)).', {
  servers: text({
    default: '',
    maxCharacters: 1024,
    allowed: 'addresses of DNS servers with commas between them, as `127.0.0.1:8600`, or nothing',
    description:
      'The DNS servers to ask. Empty: the servers of the system; if they do not know a host, the system looks it up with its hosts file and search domains.',
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
    description: 'How many names are remembered with their addresses. The least recently used one is forgotten first.',
  }),
});
