import { createSecureContext } from 'node:tls';
import { type NamedFile, WatchedFiles } from './watched-files.ts';

/** What a listener shows to clients, and what of theirs it asks for. */
export interface ServerIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Clients must show a certificate of it; undefined: they need none. */
  readonly clientCa: Buffer | undefined;
}

export interface IdentityFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string;
}

/**
 * @param section of the settings that name the files, as `grpc.tls`
 * @returns undefined where no file is named: plain text
 * @throws Error naming the setting whose file cannot be read or used
 */
export function serverIdentity(section: string, paths: IdentityFiles): WatchedFiles<ServerIdentity> | undefined {
  const { certFile, keyFile, clientCaFile } = paths;
  if (certFile === '' && keyFile === '' && clientCaFile === '') return undefined;
  const files: NamedFile[] = [
    { setting: `${section}.certFile`, path: certFile, holds: 'certificates' },
    { setting: `${section}.keyFile`, path: keyFile, holds: 'key' },
  ];
  if (clientCaFile !== '')
    files.push({ setting: `${section}.clientCaFile`, path: clientCaFile, holds: 'certificates' });
  return new WatchedFiles({ name: section, files, make: identityOf });
}

/** @throws Error where certificate and key do not fit */
function identityOf([cert, key, clientCa]: readonly Buffer[]): ServerIdentity {
  if (cert === undefined || key === undefined) throw new Error('a certificate and a key are needed');
  createSecureContext({ cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) });
  return { cert, key, clientCa };
}
