import { X509Certificate } from 'node:crypto';

/**
 * The certificates of a file in PEM.
 * @throws Error where it holds none, or one that cannot be read
 */
export function certificatesIn(pem: Buffer): readonly X509Certificate[] {
  const texts = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (texts.length === 0) throw new Error('it holds no certificate in PEM');
  return texts.map((text) => new X509Certificate(text));
}

/** Whose certificate ends first, and when. */
export interface Expiry {
  /** As `CN=orders`, in one line. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly notAfterMs: number;
}

/** Of all that are in a file: a chain is no longer valid than its shortest part. */
export function expiryOf(certificates: readonly X509Certificate[]): Expiry | undefined {
  const all = certificates.map(({ subject, validTo }) => {
    return { subject: subject.replaceAll('\n', ', '), notAfterMs: Date.parse(validTo) };
  });
  return all.toSorted((left, right) => left.notAfterMs - right.notAfterMs)[0];
}
