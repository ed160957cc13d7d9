import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/**
 * What calls over TLS trust: what node trusts, and the certificates of a file in PEM.
 * @throws Error where the file cannot be read or holds no certificate
 */
export async function trusting(caFile: string): Promise<SecureContext> {
  const text = await readFile(caFile, 'utf8');
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw new Error('it holds no certificate in PEM');
  for (const certificate of certificates) new X509Certificate(certificate);
  return createSecureContext({ ca: [...getCACertificates('default'), ...certificates] });
}
