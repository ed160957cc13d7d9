import { number, section, text } from '../setting.ts';
import { day, hour, minute, second } from '../units.ts';

export const dns = section('How `dns:///` and `dns+srv://` URLs are looked up ([naming](naming.md)).', {
  servers: text({
    default: '',
    maxCharacters: 1024,
    allowed: 'addresses of DNS servers with commas between them, as `127.0.0.1:8600`, or nothing',
    description:
      'The servers that are asked. Empty: those of the system, and where they do not know a host the system itself, with its hosts file and search domains.',
  }),
  timeoutMs: number({
    default: 2 * second,
    from: 50,
    to: minute,
    description: 'How long one look-up may take.',
  }),
  ttlMaxMs: number({
    default: 30 * second,
    from: second,
    to: hour,
    description:
      'An answer is used for as long as it says, between one second and this. What tells no time, such as the system or service records, is used for this long.',
  }),
  staleMs: number({
    default: hour,
    from: 0,
    to: 7 * day,
    description:
      'While DNS does not answer the last answer goes on being used, up to this age. That a name does not exist is an answer.',
  }),
  names: number({
    default: 1000,
    from: 1,
    to: 100_000,
    description: 'The most names whose addresses are remembered; the least recently used is forgotten first.',
  }),
});
