import { choice, file, number, section, text } from '../setting.ts';
import { minute, second } from '../units.ts';

export const store = section('Where transactions are kept.', {
  driver: choice({
    values: ['sqlite'],
    default: 'sqlite',
    flag: true,
    dtm: 'Store.Driver',
    description: 'The embedded store, used where `store.url` is empty: one process, one folder, nothing else to run.',
  }),
  url: text({
    default: '',
    maxCharacters: 4096,
    isSecret: true,
    allowed: 'an address such as `postgres://user:password@host:5432/database`, or nothing',
    description:
      'The database that keeps transactions, for any number of coordinators: `postgres://user:password@host:port/database` ([PostgreSQL](postgresql.md)), or the same with `mysql://` ([MariaDB and MySQL](mysql.md)). With several hosts, as in `user@a:5432,b:5432/database`, the one that takes writes is used. Write `%25`, `%40`, `%3A` and `%2F` for a percent sign, an at sign, a colon and a slash in the password. Empty: the embedded store.',
  }),
  schema: text({
    default: 'holdfast',
    maxCharacters: 63,
    allowed: 'a name of small letters, digits and underscores',
    description:
      'The schema of that database in which the tables are. It is created where it is missing. In MariaDB and MySQL, where a database has no schemas, the names of the tables begin with it and an underscore; there it may have 40 characters.',
  }),
  connections: number({
    default: 8,
    from: 1,
    to: 200,
    description:
      'The most connections to the database of one coordinator, beside one for its heartbeat. More of them do not make it faster: writes of many transactions are one message.',
  }),
  connectTimeoutMs: number({
    default: 2 * second,
    from: 100,
    to: minute,
    description: 'How long connecting to one host may take.',
  }),
  commitTimeoutMs: number({
    default: 2 * second,
    from: 500,
    to: minute,
    description:
      'How long a write may take. Then its connection is closed, and the same write is issued again until it is known to be done or refused. On MariaDB and MySQL it may take 2.5 s at least: they count time-outs of locks in seconds.',
  }),
  readTimeoutMs: number({
    default: 10 * second,
    from: 500,
    to: 10 * minute,
    description: 'How long a reading may take, and one step of a purge.',
  }),
  tls: section('TLS to the database.', {
    mode: choice({
      values: ['off', 'verify'],
      default: 'off',
      description:
        'With `verify` the database is reached only over TLS, and its certificate must be valid for its name. With `off` it is reached without TLS.',
    }),
    caFile: file({
      description:
        'The file of the authorities that sign the certificate of the server, in PEM. Empty: those that Node.js trusts. It is read again for each new connection, as the next two.',
    }),
    certFile: file({ description: 'The file of the certificate that Holdfast shows to the server, in PEM.' }),
    keyFile: file({ description: 'The file of the key to that certificate, in PEM.' }),
    serverName: text({
      default: '',
      maxCharacters: 253,
      allowed: 'the name of a host, or nothing',
      description: 'The name that the certificate of the server must be valid for. Empty: the host of `store.url`.',
    }),
  }),
});
