import { file, number, section } from '../setting.ts';
import { day, gib, hour, kib, mib, minute, second } from '../units.ts';

export const calls = section('Limits of one call to a service, and of the connections kept for the next one.', {
  caFile: file({
    description:
      'A PEM file with root certificates, in addition to the well-known ones. Certificates of `https://` and `grpcs://` services may be signed by them. [Renewed](#certificates) while Holdfast runs.',
  }),
  answerBytes: number({
    default: mib,
    from: kib,
    to: gib,
    description: 'The largest answer of a branch. A larger answer counts as an error of the branch.',
  }),
  answerHeaderBytes: number({
    default: 32 * kib,
    from: kib,
    to: mib,
    description: 'The most bytes of the headers of an answer, over gRPC of its trailers too.',
  }),
  readingBytes: number({
    default: 64 * mib,
    from: kib,
    to: 64 * gib,
    description:
      'The most memory for answers over HTTP of which the rest has not come yet, of all calls together. The answers of one service (origin) are read on while they keep no more memory than is free: so one service has at most half of it, and answers that stand still never stop those of other services. What may not be read on waits in its socket until there is memory, at most until the time-out of its call. One answer at a time is read on in any case, of each service in turn. An answer that comes in one piece of up to 16 KiB needs none of the memory, and the first 4 KiB of each are not counted. At most this setting, plus `calls.answerBytes`, plus 20 KiB for each call that is out, is kept at a time. The process takes more than that for some time, because memory that is free again is collected later: in a test with the default it grew by more than two and a half times as much.',
  }),
  redirects: number({
    default: 5,
    from: 0,
    to: 100,
    description:
      'The most redirects that one call over HTTP follows. They must lead to the same origin, or from http to https of the same host.',
  }),
  idleMs: number({
    default: 4 * second,
    from: 1,
    to: hour,
    description: 'How long an HTTP connection without calls is kept open, unless the service names another time.',
  }),
  originIdleConnections: number({
    default: 256,
    from: 0,
    to: 100_000,
    description:
      'The most HTTP connections without calls that are kept open to one origin. Over gRPC one connection serves all calls.',
  }),
  idleConnections: number({
    default: 1024,
    from: 0,
    to: 100_000,
    description:
      'The most connections without calls that are kept open to all origins together. HTTP and gRPC have this many each.',
  }),
  grpcIdleMs: number({
    default: 5 * minute,
    from: 1,
    to: day,
    description: 'How long a gRPC connection without calls is kept open.',
  }),
  grpcKeepaliveMs: number({
    default: 20 * second,
    from: second,
    to: hour,
    description:
      'How long nothing may arrive on a gRPC connection that has a call, or is to get one. Then Holdfast pings it. It pings at most three times before an answer comes, because gRPC services close connections that ping more often.',
  }),
  grpcKeepaliveTimeoutMs: number({
    default: 5 * second,
    from: 10,
    to: hour,
    description:
      'How long a service may take to answer that ping (`calls.grpcKeepaliveMs`). Then Holdfast closes the connection and opens a new one. Without calls on it the limit is 1 s.',
  }),
});
