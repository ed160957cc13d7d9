import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { Settings } from './config/schema.ts';

/**
 * TLS to a database server, from files as they are now. Undefined: without TLS.
 * @throws Error where a file cannot be read
 */
export function databaseTls(tls: Settings['store']['tls']): ConnectionOptions | undefined {
  const { mode, caFile, certFile, keyFile, serverName } = tls;
  if (mode === 'off') return undefined;
  return {
    rejectUnauthorized: true,
    ...(caFile !== '' && { ca: readFileSync(caFile) }),
    ...(certFile !== '' && { cert: readFileSync(certFile), key: readFileSync(keyFile) }),
    ...(serverName !== '' && { servername: serverName }),
  };
}
