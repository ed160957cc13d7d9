import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import type { Settings } from '../config/schema.ts';
import type { Counts } from '../store/store.ts';

export interface Started {
  readonly version: string;
  readonly url: string;
  /** Of the store before anything was resumed. */
  readonly counts: Counts;
  readonly tookMs: number;
}

/** What people read at the start: where it listens, on which store, what it resumes. */
export function greeting(settings: Settings, { version, url, counts, tookMs }: Started): string[] {
  const isOpen = !isLoopback(settings.http.host);
  return [
    `holdfast ${version}`,
    `  http     ${url}${isOpen ? ' (open to the network, without authentication)' : ''}`,
    `  grpc     not in this version; port ${settings.grpc.port} is kept for it`,
    `  store    ${settings.store.driver} in ${resolve(settings.dataDir)}`,
    `  resumes  ${resumed(counts)}`,
    `  ready after ${(tookMs / 1000).toFixed(2)} s`,
  ];
}

/** Reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return isIPv4(host) ? host.startsWith('127.') : host === 'localhost' || host === '::1';
}

function resumed({ unfinished, owned, due, incidents }: Counts): string {
  const { prepared, submitted, aborting } = unfinished;
  const total = prepared + submitted + aborting;
  if (total === 0) return 'nothing: no transaction is unfinished';
  const parts = [
    `${total} unfinished (${prepared} prepared, ${submitted} submitted, ${aborting} aborting)`,
    `${owned} of them were under way at the end`,
    `${due} due now`,
    ...(incidents > 0 ? [`${incidents} waiting for a person to decide`] : []),
  ];
  return parts.join(', ');
}
