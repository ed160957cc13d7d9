import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { GrpcSettings } from './settings.ts';

/** What is shown to clients, and what of theirs is asked for. */
export interface Credentials {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Clients must show a certificate of it; undefined: they need none. */
  readonly clientCa: Buffer | undefined;
}

/**
 * Read at the start.
 * @returns undefined where no file is named: plain text
 * @throws Error naming the setting whose file cannot be read or used
 */
export function readCredentials({ certFile, keyFile, clientCaFile }: GrpcSettings['tls']): Credentials | undefined {
  if (certFile === '' && keyFile === '' && clientCaFile === '') return undefined;
  const cert = fileOf(certFile, 'grpc.tls.certFile');
  const key = fileOf(keyFile, 'grpc.tls.keyFile');
  const clientCa = clientCaFile === '' ? undefined : fileOf(clientCaFile, 'grpc.tls.clientCaFile');
  try {
    createSecureContext({ cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) });
  } catch (cause) {
    throw new Error(`grpc.tls: ${textOf(cause)}`, { cause });
  }
  return { cert, key, clientCa };
}

function fileOf(path: string, setting: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`${setting}: ${textOf(cause)}`, { cause });
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
