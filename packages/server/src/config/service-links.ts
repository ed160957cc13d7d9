/**
 * Kubernetes puts the addresses of the services of a namespace into the environment of every pod. Those of a service that
 * is named `holdfast`, `holdfast-server`, `holdfast-http`, ... begin like our settings, and one may have the very name of
 * a setting: `HOLDFAST_HTTP_PORT=tcp://10.1.2.3:80`. For a service `a-b` with a port of the name `web` they are:
 *
 *     A_B_SERVICE_HOST=10.1.2.3    A_B_SERVICE_PORT=80    A_B_SERVICE_PORT_WEB=80    A_B_PORT=tcp://10.1.2.3:80
 *     A_B_PORT_80_TCP=tcp://10.1.2.3:80    A_B_PORT_80_TCP_PROTO=tcp    A_B_PORT_80_TCP_PORT=80    A_B_PORT_80_TCP_ADDR=10.1.2.3
 */
export function isServiceLink(variable: string, value: string, environment: NodeJS.ProcessEnv): boolean {
  if (/_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(variable)) return true;
  if (/_PORT$/.test(variable) && /^(tcp|udp|sctp):\/\//.test(value)) return true;
  const [, service] = /^(.+)_SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$/.exec(variable) ?? [];
  const isWhole = (...names: string[]) =>
    names.every((name) => environment[`${service}_SERVICE_${name}`] !== undefined);
  return service !== undefined && isWhole('HOST', 'PORT');
}

/** Said of a setting whose variable Kubernetes took. */
export const linkNote =
  'is the address of a service that Kubernetes put there, and no setting: it is ignored. To give the setting, write this variable in the ' +
  'container’s env, or set enableServiceLinks: false in the pod’s spec';

/** Said of a variable that no setting has and that may come from the platform; empty where that is unlikely. */
export function linkAdvice(variable: string, environment: NodeJS.ProcessEnv): string {
  const looksLikeIt = /_(SERVICE|PORT|HOST|ADDR|PROTO)(_|$)/.test(variable);
  if (environment['KUBERNETES_SERVICE_HOST'] === undefined && !looksLikeIt) return '';
  return '. If Kubernetes put it there for a service, set enableServiceLinks: false in the pod’s spec';
}
