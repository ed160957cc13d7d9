import { number, section, text } from '../setting.ts';
import { day, gib, hour, kib, mib, second } from '../units.ts';

export const http = section('Where HTTP is served.', {
  host: text({
    default: '127.0.0.1',
    maxCharacters: 255,
    allowed: 'an address or host name of this machine; 0.0.0.0 for all of IPv4, :: for all of them',
    flag: true,
    description:
      'The address HTTP listens on. There is no authentication yet: leave it on loopback unless the network is trusted.',
  }),
  port: number({
    default: 36789,
    from: 0,
    to: 65535,
    flag: true,
    dtm: 'HttpPort',
    description: 'The port HTTP listens on. 0 takes any free port and says which.',
  }),
  bodyLimitBytes: number({
    default: 4 * mib,
    from: kib,
    to: 16 * mib,
    description: 'The largest request body. A larger one is refused (413) without being read to its end.',
  }),
  bodyBudgetBytes: number({
    default: 256 * mib,
    from: 16 * mib,
    to: 64 * gib,
    description: 'The most bytes of request bodies in memory at once, of all connections. Beyond it: 503.',
  }),
  headLimitBytes: number({
    default: 16 * kib,
    from: 4 * kib,
    to: mib,
    description: 'The largest request line with headers. Beyond it: 431.',
  }),
  headTimeoutMs: number({
    default: 10 * second,
    from: 100,
    to: hour,
    description: 'How long a client may take to send the headers of a request. Beyond it: 408.',
  }),
  requestTimeoutMs: number({
    default: 30 * second,
    from: 100,
    to: hour,
    description: 'How long a client may take to send a whole request. Beyond it: 408. The answer may take longer.',
  }),
  keepAliveTimeoutMs: number({
    default: 75 * second,
    from: second,
    to: day,
    description:
      'A connection without requests is closed after this. Keep it longer than that of a load balancer in front, which must be the one to close.',
  }),
  sendTimeoutMs: number({
    default: 30 * second,
    from: 100,
    to: hour,
    description: 'A connection whose client does not read its answer for this long is closed.',
  }),
  maxConnections: number({
    default: 10_000,
    from: 1,
    to: 1_000_000,
    description: 'The most connections open at once; further ones are closed at once.',
  }),
  answerBudgetBytes: number({
    default: 256 * mib,
    from: 16 * mib,
    to: 64 * gib,
    description:
      'The most bytes of answers that clients have not taken yet, of all connections. Beyond it `query` and `all` are refused: 503.',
  }),
  readsAtOnce: number({
    default: 8,
    from: 1,
    to: 1000,
    description: 'How many `query` and `all` are served at once. Each may hold a whole transaction, or a page of them.',
  }),
  readsWaiting: number({
    default: 1000,
    from: 0,
    to: 1_000_000,
    description: 'How many of them wait for their turn. Beyond it: 503.',
  }),
  listRows: number({
    default: 1000,
    from: 1,
    to: 10_000,
    description: 'The most transactions in one answer of `all`, whatever limit is asked for.',
  }),
  listBytes: number({
    default: 8 * mib,
    from: kib,
    to: gib,
    description:
      'An answer of `all` ends with the transaction that reaches this, and its next position goes on from there.',
  }),
  resetRows: number({
    default: 10_000,
    from: 1,
    to: 100_000,
    description: 'The most transactions that one resetCronTime makes due.',
  }),
});
