/** What a URL names in the place of an address: it is looked up before each call. */
export interface ServiceName {
  /** `alias`: of the settings; `dns`: addresses of a host; `srv`: service records, which tell hosts and ports. */
  readonly kind: 'alias' | 'dns' | 'srv';
  /** In lower case. */
  readonly name: string;
  /** Of `dns` alone, else 0. */
  readonly port: number;
  /** What follows in the URL: path and query. */
  readonly rest: string;
}

/** The forms, for error messages. */
export const serviceNameForms = 'svc://name/..., dns:///host:port/... or dns+srv://name/...';

const aliasPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const urlPattern = /^(svc:\/\/|dns:\/\/\/|dns\+srv:\/\/)([^/?#]+)(.*)$/is;
/** What DNS could be asked for: labels of at most 63 characters, 253 in all, with or without a dot at the end. */
const hostPattern =
  /^(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/;
const hostAndPortPattern = /^(\[[0-9a-f:.]+\]|[^:[\]]+):(\d{1,5})$/i;

/** What an alias may be called. */
export function isAlias(text: string): boolean {
  return aliasPattern.test(text);
}

/** Whether a URL means one of the forms, well written or not. Cheap: it is asked of every call. */
export function isServiceUrl(url: string): boolean {
  const first = url.charCodeAt(0) | 0x20;
  return (first === 0x73 || first === 0x64) && /^(svc|dns(\+srv)?):\//i.test(url);
}

/** Undefined where the URL is none of the forms. */
export function serviceNameOf(url: string): ServiceName | undefined {
  const [, scheme = '', given = '', rest = ''] = urlPattern.exec(url) ?? [];
  const name = given.toLowerCase();
  switch (scheme.toLowerCase()) {
    case 'svc://':
      return isAlias(name) ? { kind: 'alias', name, port: 0, rest } : undefined;
    case 'dns+srv://':
      return hostPattern.test(name) ? { kind: 'srv', name, port: 0, rest } : undefined;
    case 'dns:///': {
      const address = hostAndPortOf(name);
      return address === undefined ? undefined : { kind: 'dns', name: address.host, port: address.port, rest };
    }
    default:
      return undefined;
  }
}

/** `host:port`, `10.0.0.1:8080` or `[::1]:8080`; the host comes without its brackets. */
export function hostAndPortOf(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, host = '', digits = ''] = hostAndPortPattern.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65535) return undefined;
  if (host.startsWith('[')) return URL.canParse(`http://${host}/`) ? { host: host.slice(1, -1), port } : undefined;
  return hostPattern.test(host.toLowerCase()) ? { host, port } : undefined;
}

/** Registries that branch URLs may name in dtm, each with what does its work here. */
const registries: Readonly<Record<string, string>> = {
  etcd: '',
  discov: '',
  discovery: '',
  consul: ' Consul answers DNS: dns+srv://orders.service.consul with its address as dns.servers.',
  nacos: '',
  polaris: '',
  zookeeper: '',
  zk: '',
  eureka: '',
  k8s: ' In Kubernetes: dns:///orders.namespace.svc.cluster.local:port of a headless service.',
  kubernetes: ' In Kubernetes: dns:///orders.namespace.svc.cluster.local:port of a headless service.',
  xds: '',
  daprhttp: ' Dapr: the URL of the sidecar, http://127.0.0.1:3500/v1.0/invoke/app-id/method/name.',
  daprphttp: ' Dapr: the URL of the sidecar, http://127.0.0.1:3500/v1.0/invoke/app-id/method/name.',
  daprgrpc: '',
  daprpgrpc: '',
};

/**
 * Why a URL that asks a registry is refused, and what to use instead; undefined where it asks none. Nothing of the URL
 * is repeated but a scheme from the list above.
 */
export function registryTrouble(url: string): string | undefined {
  const scheme = /^([a-z][a-z0-9]*):\/\//i.exec(url)?.[1]?.toLowerCase() ?? '';
  const hint = Object.hasOwn(registries, scheme) ? registries[scheme] : undefined;
  if (hint === undefined) return undefined;
  return `asks the registry of ${scheme}:// URLs, which is not supported yet; use an address, or ${serviceNameForms}.${hint}`;
}
