import { resolve } from 'node:path';
import type { Settings } from '../config/schema.ts';
import { StoreError } from '../store/store.ts';
import { CommandError } from './error.ts';

/** What to tell somebody whose store does not open. */
export function openFailure(cause: unknown, { dataDir, store }: Pick<Settings, 'dataDir' | 'store'>): CommandError {
  // These say themselves what to do.
  const isExplained = cause instanceof StoreError && ['damaged', 'locked', 'version', 'unsafe'].includes(cause.code);
  const isElsewhere = cause instanceof StoreError && store.url !== '';
  if (isExplained || isElsewhere) return new CommandError(cause.message, { cause });
  const what = cause instanceof StoreError ? cause.message : `${resolve(dataDir)}: ${textOf(cause)}`;
  return new CommandError(`${what}.\nTo use another folder, set --data-dir or HOLDFAST_DATA_DIR.`, { cause });
}

/** What to tell somebody whose file of certificates cannot be used. */
export function caFailure(cause: unknown): CommandError {
  return new CommandError(`${textOf(cause)}.\nIt must be a file of certificates in PEM that Holdfast may read.`, {
    cause,
  });
}

/** What to tell somebody whose port cannot be listened on. `section` is that of the settings which name it. */
export function listenFailure(
  cause: unknown,
  section: 'http' | 'grpc',
  { host, port }: Pick<Settings['http'], 'host' | 'port'>,
): CommandError {
  const text = `cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${reasonOf(cause, section)}`;
  return new CommandError(text, { cause });
}

function reasonOf(cause: unknown, section: 'http' | 'grpc'): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const variable = `HOLDFAST_${section.toUpperCase()}`;
  switch (code) {
    case 'EADDRINUSE':
      return `another process listens there.\nStop it, or choose another port with --${section}-port or ${variable}_PORT.`;
    case 'EACCES':
      return `this user is not allowed to.\nChoose a port from 1024 on with --${section}-port or ${variable}_PORT.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine has no such address.\nChoose another one with --${section}-host or ${variable}_HOST.`;
    default:
      return textOf(cause);
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
