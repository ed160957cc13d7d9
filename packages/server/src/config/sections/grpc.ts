import { choice, file, number, section, text } from '../setting.ts';
import { day, gib, hour, kib, mib, minute, second } from '../units.ts';

export const grpc = section('Where gRPC is served: the same as over HTTP, but for what reads ([gRPC](grpc-api.md)).', {
  serve: choice({
    values: ['on', 'off'],
    default: 'on',
    flag: true,
    description: 'Whether gRPC is served at all.',
  }),
  host: text({
    default: '',
    maxCharacters: 255,
    allowed:
      'an address or host name of this machine; 0.0.0.0 for all of IPv4, :: for all of them; nothing for that of http.host',
    flag: true,
    description: 'The address gRPC listens on. Empty: the same as HTTP.',
  }),
  port: number({
    default: 36790,
    from: 0,
    to: 65535,
    flag: true,
    dtm: 'GrpcPort',
    description: 'The port gRPC listens on. 0 takes any free port and says which.',
  }),
  tls: section('', {
    certFile: file({
      description:
        'A PEM file with the certificate that clients are shown, and those between it and its root. Empty: plain text. [Renewed](#certificates) while Holdfast runs.',
    }),
    keyFile: file({ description: 'A PEM file with the key of that certificate.' }),
    clientCaFile: file({
      description:
        'A PEM file with the roots of clients: each must show a certificate of one of them. Empty: clients need none.',
    }),
  }),
  messageLimitBytes: number({
    default: 4 * mib,
    from: kib,
    to: 16 * mib,
    description: 'The largest message of a request. A larger one is refused (RESOURCE_EXHAUSTED).',
  }),
  messageBudgetBytes: number({
    default: 256 * mib,
    from: 16 * mib,
    to: 64 * gib,
    description:
      'The most bytes of messages that are being received or wait for their answers, of all connections; a compressed one counts as what it may unpack to, at most 1032 times. Beyond it calls are cut off (RESOURCE_EXHAUSTED) or refused (UNAVAILABLE).',
  }),
  answerBudgetBytes: number({
    default: 256 * mib,
    from: 16 * mib,
    to: 64 * gib,
    description:
      'The most bytes of answers that clients have not taken yet, of all connections. Beyond it PrepareWorkflow is refused (UNAVAILABLE).',
  }),
  requestTimeoutMs: number({
    default: 30 * second,
    from: 100,
    to: hour,
    description: 'How long a client may take to send a whole request; then the call is cut off.',
  }),
  sendTimeoutMs: number({
    default: 30 * second,
    from: 100,
    to: hour,
    description: 'A call whose client takes nothing of its answer for this long is cut off.',
  }),
  callTimeoutMs: number({
    default: 10 * minute,
    from: 100,
    to: day,
    description:
      'The longest that a call waits for its answer, whatever deadline its client has set (DEADLINE_EXCEEDED). What it asked for goes on.',
  }),
  maxConnections: number({
    default: 10_000,
    from: 1,
    to: 1_000_000,
    description: 'The most connections open at once; further ones are closed at once.',
  }),
  maxStreams: number({
    default: 1000,
    from: 1,
    to: 1_000_000,
    description: 'The most calls at once on one connection; clients hold back further ones.',
  }),
  keepAliveMs: number({
    default: minute,
    from: second,
    to: day,
    description: 'How often a connection is asked whether its client is there still.',
  }),
  keepAliveTimeoutMs: number({
    default: 20 * second,
    from: 100,
    to: hour,
    description: 'A client that does not answer that for this long is gone: its connection is closed.',
  }),
});
