import { file, number, section } from '../setting.ts';
import { day, gib, hour, kib, mib, minute, second } from '../units.ts';

export const calls = section('Limits of one call to a service, and of the connections kept for the next one.', {
  caFile: file({
    description:
      'Certificates in PEM that `https://` and `grpcs://` services may be signed by, besides those that are known anyway. [Renewed](#certificates) while Holdfast runs.',
  }),
  answerBytes: number({
    default: mib,
    from: kib,
    to: gib,
    description: 'An answer is read up to this size; a longer one is an error of the branch.',
  }),
  answerHeaderBytes: number({
    default: 32 * kib,
    from: kib,
    to: mib,
    description: 'The most bytes of the headers of an answer; over gRPC of its trailers too.',
  }),
  redirects: number({
    default: 5,
    from: 0,
    to: 100,
    description: 'The most redirects one call over HTTP follows.',
  }),
  idleMs: number({
    default: 4 * second,
    from: 1,
    to: hour,
    description: 'An HTTP connection without calls is closed after this, unless the service names another time.',
  }),
  originIdleConnections: number({
    default: 256,
    from: 0,
    to: 100_000,
    description: 'HTTP connections without calls that are kept open to one origin. Over gRPC there is one.',
  }),
  idleConnections: number({
    default: 1024,
    from: 0,
    to: 100_000,
    description: 'Connections without calls that are kept open to all origins together, of HTTP and of gRPC each.',
  }),
  grpcIdleMs: number({
    default: 5 * minute,
    from: 1,
    to: day,
    description: 'A gRPC connection without calls is closed after this.',
  }),
  grpcKeepaliveMs: number({
    default: 20 * second,
    from: second,
    to: hour,
    description:
      'A gRPC connection on which a call waits, or is to be made, and nothing has arrived for this long is pinged. At most three times before an answer of a call comes, so that services with gRPC’s own rules do not take offence.',
  }),
  grpcKeepaliveTimeoutMs: number({
    default: 5 * second,
    from: 10,
    to: hour,
    description: 'One that does not answer the ping within this is closed and opened anew; without calls, within 1 s.',
  }),
});
