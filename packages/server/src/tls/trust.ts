import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { certificatesIn } from './pem.ts';
import { WatchedFiles } from './watched-files.ts';

/** What a connection trusts that is opened now; undefined: what node trusts. */
export type Trust = () => SecureContext | undefined;

/**
 * What calls over TLS trust: what node trusts, and the certificates of a file in PEM.
 * @throws Error where the file cannot be read or holds no certificate
 */
export function trusting(setting: string, path: string): WatchedFiles<SecureContext> {
  return new WatchedFiles({
    name: setting,
    files: [{ setting, path, holds: 'certificates' }],
    make: (contents) => {
      const own = contents.flatMap(certificatesIn).map(String);
      return createSecureContext({ ca: [...getCACertificates('default'), ...own] });
    },
  });
}
