import { choice, file, number, section, text } from '../setting.ts';
import { day, gib, hour, kib, mib, minute, second } from '../units.ts';

export const grpc = section(
  'Where gRPC is served ([gRPC](grpc-api.md)). It has what HTTP has, except for the routes that read.',
  {
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
      description: 'The port gRPC listens on. With 0 the system chooses a free port, and the start lines name it.',
    }),
    tls: section('', {
      certFile: file({
        description:
          'A PEM file with the certificate of this server and its intermediate certificates. Empty: gRPC is served without TLS. [Renewed](#certificates) while Holdfast runs.',
      }),
      keyFile: file({ description: 'A PEM file with the key of the certificate in `grpc.tls.certFile`.' }),
      clientCaFile: file({
        description:
          'A PEM file with root certificates. Each client must show a certificate that one of them signed. Empty: clients need no certificate.',
      }),
    }),
    messageLimitBytes: number({
      default: 4 * mib,
      from: kib,
      to: 16 * mib,
      description:
        'The largest message of a request. A larger one is refused (`RESOURCE_EXHAUSTED`). The results of the steps of a workflow may take as much together.',
    }),
    messageBudgetBytes: number({
      default: 256 * mib,
      from: 16 * mib,
      to: 64 * gib,
      description:
        'The most bytes of messages that are being received or wait for their answers, of all connections together. A compressed message counts with the size that it may unpack to, at most 1032 times its own. Above this limit calls are cut off (`RESOURCE_EXHAUSTED`) or refused (`UNAVAILABLE`).',
    }),
    answerBudgetBytes: number({
      default: 256 * mib,
      from: 16 * mib,
      to: 64 * gib,
      description:
        'The most bytes of answers that clients have not read yet, of all connections together. Above this limit `PrepareWorkflow` is refused (`UNAVAILABLE`).',
    }),
    requestTimeoutMs: number({
      default: 30 * second,
      from: 100,
      to: hour,
      description: 'How long a client may take to send a whole request. After this time the call is cut off.',
    }),
    sendTimeoutMs: number({
      default: 30 * second,
      from: 100,
      to: hour,
      description: 'How long a client may read nothing of its answer. After this time the call is cut off.',
    }),
    callTimeoutMs: number({
      default: 10 * minute,
      from: 100,
      to: day,
      description:
        'The longest time that a call waits for its answer, even if the deadline of the client is later. Then it ends with `DEADLINE_EXCEEDED`; what the call asked for goes on.',
    }),
    maxConnections: number({
      default: 10_000,
      from: 1,
      to: 1_000_000,
      description: 'The most connections that are open at the same time. Further connections are closed immediately.',
    }),
    maxStreams: number({
      default: 1000,
      from: 1,
      to: 1_000_000,
      description: 'The most calls at the same time on one connection. Clients hold back further calls.',
    }),
    tcpKeepAliveMs: number({
      default: 30 * second,
      from: second,
      to: 2 * hour,
      description:
        'After how much silence the system starts to ask whether the other side of a connection is still there (TCP keep-alive). Make this shorter than the idle time-out of what is between client and Holdfast: a call with `WaitResult` may be silent for long.',
    }),
    keepAliveMs: number({
      default: minute,
      from: second,
      to: day,
      description: 'How often Holdfast pings a connection to see whether its client is still there.',
    }),
    keepAliveTimeoutMs: number({
      default: 20 * second,
      from: 100,
      to: hour,
      description:
        'How long a client may take to answer that ping (`grpc.keepAliveMs`). After this time its connection is closed.',
    }),
  },
);
