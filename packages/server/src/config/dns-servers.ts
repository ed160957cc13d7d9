import { isIP } from 'node:net';
import { hostAndPortOf } from '@holdfast/core';

/** The setting dns.servers, as a list. */
export function dnsServersIn(text: string): readonly string[] {
  return text.split(',').filter((server) => server !== '');
}

/** `127.0.0.1`, `127.0.0.1:8600`, `::1`, `[::1]:8600` */
export function isDnsServer(server: string): boolean {
  return isIP(server) > 0 || isIP(hostAndPortOf(server)?.host ?? '') > 0;
}
