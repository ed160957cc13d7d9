import { dnsServersIn, isDnsServer } from './dns-servers.ts';
import type { Problem } from './error.ts';
import type { Settings } from './schema.ts';
import { valueAt } from './setting-names.ts';

/** What must hold between settings that are each allowed by themselves. */
interface Rule {
  /** The settings it is about; the first one given by somebody is blamed. */
  readonly paths: readonly string[];
  holds(settings: Settings): boolean;
  readonly text: string;
  /** What was given is not repeated. */
  readonly isSecret?: true;
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\/[^/]/i.test(text) && URL.canParse(text);
}

/** As browsers write it: without the default port and without a path. */
function isOrigin(text: string): boolean {
  return isHttpUrl(text) && new URL(text).origin === text.toLowerCase();
}

/** A retry interval above timeoutToFailMs is allowed, unlike in dtm: time-outs are due times of their own here. */
const rules: readonly Rule[] = [
  {
    paths: ['http.headTimeoutMs', 'http.requestTimeoutMs'],
    holds: ({ http }) => http.headTimeoutMs <= http.requestTimeoutMs,
    text: 'http.headTimeoutMs must not be more than http.requestTimeoutMs',
  },
  {
    paths: ['http.allowedOrigins'],
    holds: ({ http }) =>
      http.allowedOrigins.split(',').every((origin) => origin.trim() === '' || isOrigin(origin.trim())),
    text: 'http.allowedOrigins must be origins with commas between them: a scheme, a host, no path, such as https://ops.example.com',
  },
  {
    paths: ['backoffCapMs', 'retryIntervalMs'],
    holds: ({ backoffCapMs, retryIntervalMs }) => backoffCapMs >= retryIntervalMs,
    text: 'backoffCapMs must not be less than retryIntervalMs',
  },
  {
    paths: ['grpc.port', 'http.port'],
    holds: ({ grpc, http }) => grpc.port !== http.port || http.port === 0 || grpc.serve === 'off',
    text: 'grpc.port must differ from http.port',
  },
  {
    paths: ['grpc.tls.certFile', 'grpc.tls.keyFile'],
    holds: ({ grpc: { tls } }) => (tls.certFile === '') === (tls.keyFile === ''),
    text: 'grpc.tls.certFile and grpc.tls.keyFile must be given together',
  },
  {
    paths: ['grpc.tls.clientCaFile'],
    holds: ({ grpc: { tls } }) => tls.clientCaFile === '' || tls.certFile !== '',
    text: 'grpc.tls.clientCaFile must come with grpc.tls.certFile and grpc.tls.keyFile',
  },
  {
    paths: ['store.url'],
    holds: ({ store }) => store.url === '' || /^(postgres(ql)?|mysql|mariadb):\/\//.test(store.url),
    text: 'store.url must begin with postgres:// or mysql://',
    isSecret: true,
  },
  {
    paths: ['store.schema'],
    holds: ({ store }) => /^[a-z_][a-z0-9_]*$/.test(store.schema),
    text: 'store.schema must be a name of small letters, digits and underscores that does not begin with a digit',
  },
  {
    paths: ['store.schema'],
    holds: ({ store }) => store.schema.length <= 40 || !/^m/.test(store.url),
    text: 'store.schema must have 40 characters at most in MariaDB and MySQL: the names of tables begin with it',
  },
  {
    paths: ['store.tls.certFile', 'store.tls.keyFile'],
    holds: ({ store: { tls } }) => (tls.certFile === '') === (tls.keyFile === ''),
    text: 'store.tls.certFile and store.tls.keyFile must be given together',
  },
  {
    paths: ['store.tls.caFile', 'store.tls.certFile', 'store.tls.serverName'],
    holds: ({ store: { tls } }) => tls.mode !== 'off' || tls.caFile + tls.certFile + tls.serverName === '',
    text: 'store.tls.mode must be verify where store.tls.caFile, store.tls.certFile or store.tls.serverName is given',
  },
  {
    paths: ['alert.webhookUrl'],
    holds: ({ alert }) => alert.webhookUrl === '' || isHttpUrl(alert.webhookUrl),
    text: 'alert.webhookUrl must be an http or https URL',
    isSecret: true,
  },
  {
    paths: ['dns.servers'],
    holds: ({ dns }) => dnsServersIn(dns.servers).every(isDnsServer),
    text: 'dns.servers must be IP addresses with commas between them, each with or without a port',
  },
  {
    paths: ['journal.softRows', 'journal.hardRows'],
    holds: ({ journal }) => journal.softRows <= journal.hardRows,
    text: 'journal.softRows must not be more than journal.hardRows',
  },
  {
    paths: ['journal.softBytes', 'journal.hardBytes'],
    holds: ({ journal }) => journal.softBytes <= journal.hardBytes,
    text: 'journal.softBytes must not be more than journal.hardBytes',
  },
  {
    paths: ['destinations.breakerOpenMs', 'destinations.breakerOpenMaxMs'],
    holds: ({ destinations }) => destinations.breakerOpenMs <= destinations.breakerOpenMaxMs,
    text: 'destinations.breakerOpenMs must not be more than destinations.breakerOpenMaxMs',
  },
];

/** @param origins where each setting was given, by path; what is not in it is a default */
export function brokenRules(
  settings: Settings,
  origins: ReadonlyMap<string, string>,
  isConcerned: (path: string) => boolean = () => true,
): Problem[] {
  return rules
    .filter((rule) => rule.paths.every(isConcerned) && !rule.holds(settings))
    .map(({ paths, text, isSecret }) => {
      const name = paths.find((path) => origins.has(path)) ?? '';
      const values = paths.map(
        (path) => `${path} is ${valueAt(settings, path)}${origins.has(path) ? '' : ' by default'}`,
      );
      const shown = isSecret === true ? '' : ` (${values.join(', ')})`;
      return { origin: origins.get(name) ?? 'defaults', name, text: text + shown };
    });
}
