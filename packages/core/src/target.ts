import { isDeeperThan } from './json-text.ts';
import { memorable, Recent } from './recent.ts';
import { isServiceUrl, registryTrouble, serviceNameForms, serviceNameOf } from './service-name.ts';
import type { Payload } from './transaction.ts';

/** How a URL is called. */
export type CallKind = 'http' | 'json-rpc' | 'grpc';

/**
 * How the transactions of one protocol call a URL that is not empty (docs/http-api.md#how-a-url-is-called). One that
 * names a service is called by gRPC in a grpc transaction and by HTTP in others, unless its addresses say otherwise.
 */
export function callKindOf(url: string, protocol: string): CallKind {
  if (protocol === 'grpc' ? !isHttp(url) : protocol !== 'http' && !isHttp(url) && !isServiceUrl(url)) return 'grpc';
  return protocol === 'json-rpc' && url.includes('method') ? 'json-rpc' : 'http';
}

/**
 * What is wrong with a URL that a transaction of this protocol is to call, as what it must be; undefined where it can be
 * called. The one place that knows which forms there are.
 */
export function urlTrouble(url: string, protocol: string): string | undefined {
  if (isServiceUrl(url)) return serviceUrlTrouble(url, protocol);
  switch (callKindOf(url, protocol)) {
    case 'http':
      if (isHttpUrl(url)) return identityTrouble(url);
      return protocol === 'http' && isGrpcUrl(url)
        ? 'must be an http or https URL: a transaction whose protocol is http cannot call gRPC'
        : (registryTrouble(url) ?? 'must be an http or https URL');
    case 'json-rpc':
      if (!isHttpUrl(url)) return 'must be an http or https URL';
      return methodOf(url) === '' ? withoutMethod : undefined;
    case 'grpc':
      return isGrpcUrl(url)
        ? undefined
        : (registryTrouble(url) ??
            'must be an http or https URL, or host:port/package.Service/Method for gRPC, over TLS grpcs://host:port/package.Service/Method');
  }
}

/** By its form: whether there is such a name is known elsewhere, and only now. */
function serviceUrlTrouble(url: string, protocol: string): string | undefined {
  const name = serviceNameOf(url);
  if (name === undefined) return `must be ${serviceNameForms}`;
  const kind = callKindOf(url, protocol);
  if (kind === 'json-rpc') return methodOf(url) === '' ? withoutMethod : undefined;
  // The addresses of a name of the settings say themselves how they are called.
  if (kind === 'http' || name.kind === 'alias') return identityTrouble(url);
  return isGrpcUrl(`host:1${name.rest}`)
    ? undefined
    : 'must have /package.Service/Method after the service that it names: a grpc transaction calls it by gRPC';
}

/** Holdfast appends these parameters to the query of every HTTP call. A barrier identifies the call by them. */
const identityNames: readonly string[] = ['branch_id', 'gid', 'op', 'trans_type'];

/**
 * The trouble of a URL whose own query has one of these names. Most servers read the first of two parameters, which would
 * be that of the URL. Some ignore the case of names.
 */
function identityTrouble(url: string): string | undefined {
  if (!url.includes('?')) return undefined;
  const [, query = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? [];
  for (const key of new URLSearchParams(query).keys()) {
    const name = key.toLowerCase();
    if (!identityNames.includes(name)) continue;
    return `must not have the parameter ${name} in its query: Holdfast appends ${identityNames.join(', ')} to every call, and of two most services read the first; give the parameter another name, or leave it out`;
  }
  return undefined;
}

const withoutMethod =
  'must name a method in its query, as ?method=Name: a json-rpc transaction calls every URL with the text `method` by JSON-RPC';

/** Whether that URL is called by gRPC in a transaction of this protocol. */
export function isCalledByGrpc(url: string, protocol: string): boolean {
  return url !== '' && callKindOf(url, protocol) === 'grpc';
}

/**
 * What is wrong with a gid, branch_id or op that names a gRPC call, as what it must be; undefined where it can be sent.
 * It goes along in metadata, whose values are printable ASCII: libraries refuse, drop or alter whatever else there is, so
 * that the barrier of a service would miss it or take one branch for another.
 */
export function metadataTrouble(value: string): string | undefined {
  return /^[!-~](?:[ -~]*[!-~])?$/.test(value)
    ? undefined
    : 'must be printable ASCII without a blank at either end where a branch is called by gRPC: it goes along in metadata';
}

/** How deep arrays and objects in the params of a JSON-RPC call may be nested. */
const paramsDepth = 100;

/** What is wrong with what a URL is to be called with; undefined where it can be sent. */
export function payloadTrouble(url: string, protocol: string, payload: Payload): string | undefined {
  if (url === '' || callKindOf(url, protocol) !== 'json-rpc') return undefined;
  const text = textOf(payload);
  if (text !== undefined && isDeeperThan(text, paramsDepth)) return `must not be nested deeper than ${paramsDepth}`;
  return text !== undefined && isParams(text)
    ? undefined
    : 'must be a JSON object, or empty or null: it becomes the params of a JSON-RPC call';
}

/** The method that the query of a URL names; empty without. */
export function methodOf(url: string): string {
  return URL.parse(url)?.searchParams.get('method') ?? '';
}

/** Where a gRPC URL leads. */
export interface GrpcTarget {
  readonly isTls: boolean;
  /** Host and port, the host in lower case. */
  readonly authority: string;
  /** From the first slash on. */
  readonly path: string;
}

/** `host:port/package.Service/Method`, also with `grpc://` in front, or `grpcs://` for TLS. No query, no other text. */
const grpcForm = /^(?:grpc(s?):\/\/)?((?:[a-z0-9_.-]+|\[[0-9a-f:.]+\]):([0-9]{1,5}))((?:\/[!-.0->@-~]+){2,})$/i;

const grpcTargets = new Recent<GrpcTarget | 'none'>((url) => parsedGrpc(url) ?? 'none');

/** Undefined where it is no gRPC URL. */
export function grpcTargetOf(url: string): GrpcTarget | undefined {
  const target = memorable(url) === url ? grpcTargets.of(url) : parsedGrpc(url);
  return target === 'none' ? undefined : target;
}

function parsedGrpc(url: string): GrpcTarget | undefined {
  const [, tls = '', authority = '', port = '', path = ''] = grpcForm.exec(url) ?? [];
  if (path === '' || path.includes('#') || Number(port) === 0 || Number(port) > 65_535) return undefined;
  // Such as 999.1.1.1, which is no host.
  if (!URL.canParse(`http://${authority}`)) return undefined;
  return { isTls: tls !== '', authority: authority.toLowerCase(), path };
}

/** What stands for a gRPC target in limits, breakers and connections, whichever way its URL was written. */
export function grpcOriginOf({ isTls, authority }: Omit<GrpcTarget, 'path'>): string {
  return `${isTls ? 'grpcs' : 'grpc'}://${authority}`;
}

function isGrpcUrl(url: string): boolean {
  return grpcTargetOf(url) !== undefined;
}

function isHttp(url: string): boolean {
  // Nearly all are written so.
  return url.startsWith('http://') || url.startsWith('https://') || /^https?:\/\//i.test(url);
}

const httpUrls = new Recent<boolean>(canBeHttp);

/** Query and fragment can be anything: they never make a URL wrong. */
function isHttpUrl(url: string): boolean {
  const place = memorable(url);
  return place === undefined ? canBeHttp(url) : httpUrls.of(place);
}

/** A host must follow at once: `http:///a` would otherwise be read as the host `a`. */
function canBeHttp(url: string): boolean {
  return /^https?:\/\/[^/]/i.test(url) && URL.canParse(url);
}

/** Undefined where it is no UTF-8. */
function textOf(payload: Payload): string | undefined {
  if (typeof payload === 'string') return payload;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return undefined;
  }
}

function isParams(text: string): boolean {
  if (text === '') return true;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}
