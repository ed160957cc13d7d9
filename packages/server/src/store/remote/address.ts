import { StoreError } from '../store.ts';

/** Where a database is, and who asks. */
export interface Address {
  readonly user: string;
  readonly password: string;
  readonly hosts: readonly Host[];
  readonly database: string;
}

export interface Host {
  readonly host: string;
  readonly port: number;
}

export interface AddressForm {
  /** Without colon; any of them. */
  readonly schemes: readonly string[];
  readonly defaultPort: number;
}

/**
 * Reads `scheme://user:password@host:port,host:port/database`. Parts in percent signs are decoded; a port may be left out.
 * @throws StoreError `unsafe` that says what is wrong; it never repeats the text, which holds a password
 */
export function parseAddress(text: string, { schemes, defaultPort }: AddressForm): Address {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/su.exec(text) ?? [];
  if (!schemes.includes(scheme)) throw wrong(`it must begin with ${schemes.map((one) => `${one}://`).join(' or ')}`);
  if (/[?#]/u.test(rest))
    throw wrong('it must end with the name of the database: everything else has a setting of its own');
  const at = rest.lastIndexOf('@');
  const slash = rest.indexOf('/', at + 1);
  if (slash < 0 || slash === rest.length - 1) throw wrong('it must end with the name of the database, as in host/name');
  const [user = '', password = ''] = splitOnce(at < 0 ? '' : rest.slice(0, at), ':');
  const hosts = rest.slice(at + 1, slash).split(',');
  return {
    user: decoded(user, 'user'),
    password: decoded(password, 'password'),
    hosts: hosts.map((host) => parseHost(host, defaultPort)),
    database: decoded(rest.slice(slash + 1), 'database'),
  };
}

/** For people: without the password. */
export const nameOf = ({ host, port }: Host) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

function parseHost(text: string, defaultPort: number): Host {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/u.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined)
    throw wrong('each host must be a name or an address, with or without a port (IPv6 in brackets)');
  const number = port === undefined ? defaultPort : Number(port);
  if (number < 1 || number > 65_535) throw wrong('a port must be from 1 to 65535');
  return { host, port: number };
}

function splitOnce(text: string, mark: string): string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The error would name the text.
    throw wrong(`its ${what} has a percent sign that begins no code: write %25 for a percent sign`);
  }
}

const wrong = (what: string) => new StoreError('unsafe', `the address of the store: ${what}`);
