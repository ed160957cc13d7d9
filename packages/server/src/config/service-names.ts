import { hostAndPortOf, isAlias } from '@holdfast/core';

/** Settings of names: each stands for a list of addresses. */

/** The most addresses of one name: each is tried once within one call. */
const mostAddresses = 64;
const mostNames = 1000;

export interface NamesComplaint {
  /** The name that it is about; empty: all of them. */
  readonly name: string;
  readonly text: string;
}

/** `orders=http://10.0.0.1:8080,http://10.0.0.2:8080 stock=10.0.0.3:9000`, as in the environment. */
export function namesFromText(text: string): Record<string, readonly string[]> {
  const entries = text.split(/[\s;]+/).filter(Boolean);
  return Object.fromEntries(
    entries.map((entry) => {
      const [name = '', addresses = ''] = entry.split(/=(.*)/s);
      return [name, addresses.split(',').filter(Boolean)];
    }),
  );
}

/** All that is wrong with a value; nothing where it is a map from names to addresses. */
export function namesComplaints(value: unknown): readonly NamesComplaint[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ name: '', text: 'must be a map from names to lists of addresses' }];
  }
  const names = Object.keys(value);
  if (names.length > mostNames) return [{ name: '', text: `must have at most ${mostNames} names` }];
  return names.flatMap((name) => complaintsOf(name, Reflect.get(value, name)).map((text) => ({ name, text })));
}

function complaintsOf(name: string, addresses: unknown): readonly string[] {
  const naming = isAlias(name)
    ? []
    : [
        'is not a valid name: use small letters, digits, dots, dashes and underscores, at most 63, and begin with a letter or digit',
      ];
  if (!Array.isArray(addresses) || addresses.length === 0 || addresses.length > mostAddresses) {
    return [...naming, `must be a list of 1 to ${mostAddresses} addresses`];
  }
  const wrong = addresses.flatMap((address, index) => {
    const complaint = addressComplaint(address);
    return complaint === undefined ? [] : `address ${index + 1} ${complaint}`;
  });
  if (wrong.length === 0 && new Set(addresses.map(isHttpAddress)).size > 1) {
    wrong.push('must be all http or https URLs (HTTP), or all host:port (gRPC)');
  }
  if (new Set(addresses).size < addresses.length) wrong.push('must not have an address twice');
  return [...naming, ...wrong];
}

/** Else it is one of gRPC. */
function isHttpAddress(address: string): boolean {
  return /^https?:\/\//i.test(address);
}

function isGrpcAddress(address: string): boolean {
  return hostAndPortOf(address.replace(/^grpcs?:\/\//i, '')) !== undefined;
}

function addressComplaint(address: unknown): string | undefined {
  const forms =
    'must be http://host:port, https://host:port, either with a path, or for gRPC host:port, grpcs://host:port over TLS';
  if (typeof address !== 'string' || address.length > 1024) return forms;
  if (!isHttpAddress(address)) return isGrpcAddress(address) ? undefined : forms;
  const parsed = /^https?:\/\/[^/]/i.test(address) && !/[\s\\]/.test(address) ? URL.parse(address) : null;
  if (parsed === null) return forms;
  if (parsed.username !== '' || parsed.password !== '') return 'must not have a user or password';
  return /[?#]/.test(address) ? 'must not have a query or fragment' : undefined;
}
