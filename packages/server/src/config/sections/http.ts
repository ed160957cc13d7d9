import { number, section, text } from '../setting.ts';
import { day, gib, hour, kib, mib, second } from '../units.ts';

export const http = section('Where HTTP is served.', {
  host: text({
    default: '127.0.0.1',
    maxCharacters: 255,
    allowed: 'an address or host name of this machine; 0.0.0.0 for all of IPv4, :: for all of them',
    flag: true,
    description:
      'The address HTTP listens on. There is no authentication yet, so leave it on loopback unless you trust the network.',
  }),
  port: number({
    default: 36789,
    from: 0,
    to: 65535,
    flag: true,
    dtm: 'HttpPort',
    description: 'The port HTTP listens on. With 0 the system chooses a free port, and the start lines name it.',
  }),
  bodyLimitBytes: number({
    default: 4 * mib,
    from: kib,
    to: 16 * mib,
    description:
      'The largest body of a request. Holdfast refuses a larger one (413) and does not read it to its end. The results of the steps of a workflow may take as much together.',
  }),
  bodyBudgetBytes: number({
    default: 256 * mib,
    from: 16 * mib,
    to: 64 * gib,
    description:
      'The most bytes of request bodies in memory at once, of all connections together. Above this limit a request is refused (503).',
  }),
  headLimitBytes: number({
    default: 16 * kib,
    from: 4 * kib,
    to: mib,
    description: 'The largest head of a request: the request line and all headers. A larger one is refused (431).',
  }),
  headTimeoutMs: number({
    default: 10 * second,
    from: 100,
    to: hour,
    description:
      'How long a client may take to send the headers of a request. After this time the request is refused (408).',
  }),
  requestTimeoutMs: number({
    default: 30 * second,
    from: 100,
    to: hour,
    description:
      'How long a client may take to send a whole request. After this time the request is refused (408). The answer may take longer.',
  }),
  keepAliveTimeoutMs: number({
    default: 75 * second,
    from: second,
    to: day,
    description:
      'How long a connection without requests stays open. Where a load balancer is in front, make this longer than its idle time-out, so that the load balancer closes first.',
  }),
  tcpKeepAliveMs: number({
    default: 30 * second,
    from: second,
    to: 2 * hour,
    description:
      'After how much silence the system starts to ask whether the other side of a connection is still there (TCP keep-alive). Make this shorter than the idle time-out of what is between client and Holdfast: a `wait_result` may be silent for long.',
  }),
  halfClosedTimeoutMs: number({
    default: 30 * second,
    from: second,
    to: hour,
    description:
      'How long a client that has closed its side of the connection may wait for its answer. TCP cannot tell it from a client that has left, so after this time its connection is closed. The work that it asked for goes on.',
  }),
  sendTimeoutMs: number({
    default: 30 * second,
    from: 100,
    to: hour,
    description: 'How long a client may read nothing of its answer. After this time its connection is closed.',
  }),
  allowedOrigins: text({
    default: '',
    maxCharacters: 4096,
    allowed: 'origins such as https://ops.example.com, with commas between them',
    description:
      'Web pages of other sites whose requests are served; those of all others are refused (403). Their hosts are also accepted as `Host` over loopback, for a proxy on this machine.',
  }),
  maxConnections: number({
    default: 10_000,
    from: 1,
    to: 1_000_000,
    description: 'The most connections that are open at the same time. Further connections are closed immediately.',
  }),
  answerBudgetBytes: number({
    default: 256 * mib,
    from: 16 * mib,
    to: 64 * gib,
    description:
      'The most bytes of answers that clients have not read yet, of all connections together. Above this limit `query` and `all` are refused (503).',
  }),
  readsAtOnce: number({
    default: 8,
    from: 1,
    to: 1000,
    description:
      'How many requests of `query` and `all` are served at the same time. Each may hold a whole transaction, or a page of transactions, in memory.',
  }),
  readsWaiting: number({
    default: 1000,
    from: 0,
    to: 1_000_000,
    description: 'How many requests of `query` and `all` may wait for their turn. Further ones are refused (503).',
  }),
  listRows: number({
    default: 1000,
    from: 1,
    to: 10_000,
    description: 'The most transactions in one answer of `all`, even where the request asks for more.',
  }),
  listBytes: number({
    default: 8 * mib,
    from: kib,
    to: gib,
    description:
      'The size at which an answer of `all` ends. The transaction that reaches it is the last one; `next_position` continues after it.',
  }),
  resetRows: number({
    default: 10_000,
    from: 1,
    to: 100_000,
    description: 'The most transactions that one request of `resetCronTime` makes due.',
  }),
});
