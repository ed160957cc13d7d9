import { isIPv4 } from 'node:net';
import type { Settings } from '../config/schema.ts';
import type { Restored } from '../store/capabilities.ts';
import type { Counts } from '../store/store.ts';

export interface Started {
  readonly version: string;
  /** Its name, and where it is. */
  readonly store: string;
  readonly url: string;
  /** `host:port`; empty: not served. */
  readonly grpcAddress: string;
  /** Of the store before anything was resumed. */
  readonly counts: Counts;
  readonly tookMs: number;
  /** The store was made of a backup, and nobody was told yet. */
  readonly restored?: Restored | undefined;
  /** What the store warns of. */
  readonly cautions: readonly string[];
  readonly nowMs: number;
}

/** What people read at the start: where it listens, on which store, what it resumes. */
export function greeting(
  settings: Settings,
  { version, store, url, grpcAddress, counts, tookMs, restored, cautions, nowMs }: Started,
): string[] {
  const { http, grpc } = settings;
  const secured = grpc.tls.certFile === '' ? '' : ' over TLS';
  const isChecked = grpc.tls.clientCaFile !== '';
  return [
    `holdfast ${version}`,
    `  pid      ${process.pid}`,
    `  http     ${url}${openness(http.host, false)}`,
    `  grpc     ${grpcAddress === '' ? 'not served' : grpcAddress + secured + openness(grpc.host || http.host, isChecked)}`,
    `  store    ${store}`,
    ...(restored === undefined ? [] : [`  restored from ${restored.backup}: ${staleness(restored, nowMs)}`]),
    ...cautions.map((caution) => `  warning  ${caution}`),
    `  resumes  ${resumed(counts)}`,
    `  ready after ${(tookMs / 1000).toFixed(2)} s`,
  ];
}

/** How much is missing from a store that was restored. */
export function staleness({ newestMs }: Restored, nowMs: number): string {
  if (newestMs === 0) return 'changes after it are missing';
  return `its newest change is ${ageOf(nowMs - newestMs)} old, and later changes are missing`;
}

/** A span of time in words, rounded down. */
export function ageOf(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(0, ms) / 1000)} s`;
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

function openness(host: string, isChecked: boolean): string {
  return isChecked || isLoopback(host) ? '' : ' (open to the network, without authentication)';
}

/** Reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return isIPv4(host) ? host.startsWith('127.') : host === 'localhost' || host === '::1';
}

function resumed({ unfinished, owned, due, incidents, decisions }: Counts): string {
  const { prepared, submitted, aborting } = unfinished;
  const total = prepared + submitted + aborting;
  if (total === 0) return 'nothing: no transaction is unfinished';
  const parts = [
    `${total} unfinished (${prepared} prepared, ${submitted} submitted, ${aborting} aborting)`,
    `${owned} of them were under way at the end`,
    `${due} due now`,
    ...(decisions > 0 ? [`${decisions} waiting for a decision`] : []),
    ...(incidents > decisions ? [`${incidents - decisions} failing again and again`] : []),
  ];
  return parts.join(', ');
}
