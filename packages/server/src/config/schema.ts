import { namedSettings } from './names.ts';
import { choice, names, number, section, text, type ValuesOf } from './setting.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;
const kib = 1024;
const mib = 1024 * kib;
const gib = 1024 * mib;

/**
 * Every setting there is: the one source of types, defaults, documentation and validation. Times are milliseconds and
 * sizes bytes, and a name ends with its unit. A setting's names in the environment and as a flag follow from its place.
 */
export const schema = {
  dataDir: text({
    default: './data',
    maxCharacters: 4096,
    allowed: 'the path of a folder',
    flag: true,
    description:
      'The folder of the embedded store, relative to where Holdfast is started. It is made where it is missing. Keep it on a local disk.',
  }),
  retryIntervalMs: number({
    default: 10 * second,
    from: second,
    to: year,
    dtm: 'RetryInterval (seconds)',
    description:
      'Base of the back-off for transactions that name no retry_interval. The first retry after an error comes at twice this, then it doubles; an ONGOING branch is asked again after exactly this.',
  }),
  requestTimeoutMs: number({
    default: 3 * second,
    from: 1,
    to: hour,
    dtm: 'RequestTimeout (seconds)',
    description: 'How long one branch call may take, for transactions that name no request_timeout.',
  }),
  timeoutToFailMs: number({
    default: 35 * second,
    from: second,
    to: year,
    dtm: 'TimeoutToFail (seconds)',
    description:
      'How long a transaction may stay prepared, where it names no timeout_to_fail: then a TCC is cancelled and a message asked about. A submitted saga without timeout_to_fail has no time-out.',
  }),
  backoffCapMs: number({
    default: 10 * minute,
    from: second,
    to: year,
    description:
      'The longest interval that back-off reaches. A transaction whose own retry_interval is longer keeps that.',
  }),
  retentionMs: number({
    default: 7 * day,
    from: minute,
    to: 10 * year,
    dtm: 'Store.DataExpire (seconds)',
    description:
      'How long a finished transaction can still be read; then it is deleted, and its gid is free again. Unfinished ones are never deleted. Barrier rows of services must live longer than this.',
  }),
  flushDelayMs: number({
    default: 100,
    from: 0,
    to: 10 * second,
    description:
      'Results of forward calls wait this long for another write of the same transaction to ride along with. A crash within it repeats those calls.',
  }),
  names: names({
    default: {},
    description:
      'Names that URLs of branches may use in the place of an address: `svc://orders/pay` is called at one of the addresses of `orders`, in turn, and at the next where one cannot be reached ([naming](naming.md)).',
  }),
  http: section('Where HTTP is served.', {
    host: text({
      default: '127.0.0.1',
      maxCharacters: 255,
      allowed: 'an address or host name of this machine; 0.0.0.0 for all of them',
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
      description:
        'How many `query` and `all` are served at once. Each may hold a whole transaction, or a page of them.',
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
  }),
  grpc: section('Where gRPC is served: the same as over HTTP, but for what reads ([gRPC](grpc-api.md)).', {
    serve: choice({
      values: ['on', 'off'],
      default: 'on',
      flag: true,
      description: 'Whether gRPC is served at all.',
    }),
    host: text({
      default: '',
      maxCharacters: 255,
      allowed: 'an address or host name of this machine; 0.0.0.0 for all of them; nothing for that of http.host',
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
      certFile: text({
        default: '',
        maxCharacters: 4096,
        allowed: 'the path of a file, or nothing',
        description:
          'A PEM file with the certificate that clients are shown, and those between it and its root. Empty: plain text. Read at the start.',
      }),
      keyFile: text({
        default: '',
        maxCharacters: 4096,
        allowed: 'the path of a file, or nothing',
        description: 'A PEM file with the key of that certificate.',
      }),
      clientCaFile: text({
        default: '',
        maxCharacters: 4096,
        allowed: 'the path of a file, or nothing',
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
        'The most bytes of messages that are being received, of all connections. Beyond it calls are cut off, which clients see as RESOURCE_EXHAUSTED.',
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
  }),
  store: section('Where transactions are kept.', {
    driver: choice({
      values: ['sqlite'],
      default: 'sqlite',
      flag: true,
      dtm: 'Store.Driver',
      description: 'The store. `sqlite` is embedded: one process, one folder, nothing else to run.',
    }),
  }),
  journal: section(
    'Writes of all transactions go to one queue and are committed together. Its bounds keep memory bounded when the disk is slower than the load.',
    {
      batchRows: number({
        default: 256,
        from: 1,
        to: 10_000,
        description: 'The most writes in one commit.',
      }),
      batchBytes: number({
        default: 8 * mib,
        from: 64 * kib,
        to: gib,
        description: 'The most bytes in one commit; a single larger write goes alone.',
      }),
      softRows: number({
        default: 4000,
        from: 1,
        to: 1_000_000,
        description: 'With this many writes queued, requests that would create a transaction are refused (429).',
      }),
      softBytes: number({
        default: 64 * mib,
        from: mib,
        to: 16 * gib,
        description: 'The same, in bytes queued.',
      }),
      hardRows: number({
        default: 16_000,
        from: 1,
        to: 1_000_000,
        description: 'With this many writes queued, every request that changes something is refused (503).',
      }),
      hardBytes: number({
        default: 192 * mib,
        from: mib,
        to: 16 * gib,
        description: 'The same, in bytes queued.',
      }),
    },
  ),
  active: section('What is driven at once. What is due beyond that waits in the store.', {
    maxActive: number({
      default: 20_000,
      from: 1,
      to: 1_000_000,
      description:
        'The most transactions driven at once. At 80 % of it new ones are refused (429): the rest is for what is stored. What comes due in the store takes at most half of it.',
    }),
    maxActiveBytes: number({
      default: 256 * mib,
      from: 16 * mib,
      to: 64 * gib,
      description: 'The most bytes of their payloads and definitions; the same shares hold.',
    }),
    claimRows: number({
      default: 200,
      from: 1,
      to: 10_000,
      description: 'The most due transactions taken from the store in one step.',
    }),
  }),
  destinations: section(
    'Limits of the calls to services. An origin is scheme, host and port; a route is a path of it without query.',
    {
      originInFlight: number({
        default: 256,
        from: 1,
        to: 100_000,
        description: 'The most calls in flight to one origin. They are shared out among its routes.',
      }),
      inFlight: number({
        default: 4096,
        from: 1,
        to: 100_000,
        description: 'The most calls in flight to all origins together; each holds a connection.',
      }),
      originWaiting: number({
        default: 5000,
        from: 1,
        to: 1_000_000,
        description: 'The most calls that wait for their turn at one origin.',
      }),
      originWaitingBytes: number({
        default: 32 * mib,
        from: 64 * kib,
        to: 16 * gib,
        description: 'The most payload that waits at one origin.',
      }),
      calls: number({
        default: 20_000,
        from: 1,
        to: 1_000_000,
        description: 'The most calls that wait or are in flight, to all origins together.',
      }),
      callBytes: number({
        default: 256 * mib,
        from: 16 * mib,
        to: 64 * gib,
        description: 'The most payload that waits or is in flight, to all origins together.',
      }),
      originSharePercent: number({
        default: 50,
        from: 1,
        to: 100,
        description: 'How much of `calls` and `callBytes` one origin may take.',
      }),
      overflowDelayMs: number({
        default: second,
        from: 1,
        to: hour,
        description: 'A call that found no room is tried again after at least this.',
      }),
      breakerFailures: number({
        default: 5,
        from: 1,
        to: 10_000,
        description:
          'So many failures in a row open a breaker: that of the origin when it cannot be reached, that of the route when it times out, breaks off or answers 502, 503 or 504.',
      }),
      breakerOpenMs: number({
        default: second,
        from: 1,
        to: hour,
        description: 'An open breaker lets one call through after this to see; each failure doubles it.',
      }),
      breakerOpenMaxMs: number({
        default: 30 * second,
        from: 1,
        to: hour,
        description: 'The longest an open breaker waits for its next try.',
      }),
      refusedPerSecond: number({
        default: 200,
        from: 1,
        to: 100_000,
        description: 'Transactions that wait for a breaker come back at most at this rate per destination.',
      }),
      refusedMaxMs: number({
        default: 10 * minute,
        from: 1,
        to: day,
        description: 'The longest such a transaction is put off.',
      }),
      origins: number({
        default: 512,
        from: 1,
        to: 100_000,
        description: 'Origins remembered while nothing is called there; the least recently used is forgotten first.',
      }),
      originRoutes: number({
        default: 128,
        from: 1,
        to: 100_000,
        description: 'The same for the routes of one origin.',
      }),
    },
  ),
  calls: section('Limits of one call to a service, and of the connections kept for the next one.', {
    caFile: text({
      default: '',
      maxCharacters: 4096,
      allowed: 'the path of a file, or nothing',
      description:
        'Certificates in PEM that `https://` and `grpcs://` services may be signed by, besides those that are known anyway. Read once, at the start.',
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
      description:
        'One that does not answer the ping within this is closed and opened anew; without calls, within 1 s.',
    }),
  }),
  dns: section('How `dns:///` and `dns+srv://` URLs are looked up ([naming](naming.md)).', {
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
  }),
  shutdown: section('What happens at SIGTERM and SIGINT. A second signal ends the process at once.', {
    drainMs: number({
      default: 1000,
      from: 0,
      to: hour,
      description:
        'How long requests are still served after readiness has failed. New transactions are refused; submit, abort and registerBranch of stored ones go through.',
    }),
    graceMs: number({
      default: 10 * second,
      from: 0,
      to: hour,
      description:
        'How long branch calls under way are then waited for. What has not answered by then is called again after the next start.',
    }),
  }),
  alert: section('Telling somebody that a transaction needs a human.', {
    webhookUrl: text({
      default: '',
      maxCharacters: 2048,
      allowed: 'an http or https URL, or nothing',
      isSecret: true,
      dtm: 'AlertWebHook',
      description:
        'Where each incident is POSTed once, as JSON with gid, status, branch, error and retry_count. Empty: nowhere. It is tried again for a quarter of an hour. Not shown by holdfast config, for it may hold a token.',
    }),
    afterErrors: number({
      default: 3,
      from: 1,
      to: 1000,
      dtm: 'AlertRetryLimit',
      description:
        'A transaction whose runs end with an error so many times in a row is an incident, until a call of it succeeds.',
    }),
  }),
  dev: section('Of `holdfast dev` alone ([development](development-mode.md)); `holdfast serve` has no use for it.', {
    callWaitMs: number({
      default: 2 * second,
      from: 0,
      to: 8 * second,
      description:
        'How long the manual clock waits before a step for a branch call that is out, in real time. What has not answered by then can meet its time-out.',
    }),
  }),
  metrics: section('What `/api/metrics` shows.', {
    countsTimeoutMs: number({
      default: second,
      from: 1,
      to: hour,
      description: 'How long a scrape waits for the counts of the store; then it answers without them.',
    }),
  }),
  log: section('What is logged on stderr: lines for people on a terminal, else JSON lines.', {
    level: choice({
      values: ['debug', 'info', 'warn', 'error'],
      default: 'info',
      flag: true,
      dtm: 'LogLevel',
      description: 'The least important level that is logged.',
    }),
  }),
};

export type Settings = ValuesOf<typeof schema>;

export const settings = namedSettings(schema);
