import { codeOf, shortageOf } from '../local-fault.ts';
import { tlsWordsOf } from '../tls-words.ts';

/** Of sockets and look-ups. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed while it was made',
  EPIPE: 'the connection was closed while it was made',
  ECONNABORTED: 'the connection was broken off while it was made',
  ETIMEDOUT: 'the machine does not answer',
  EHOSTUNREACH: 'the machine cannot be reached',
  EHOSTDOWN: 'the machine cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENETDOWN: 'the network is down',
  EADDRNOTAVAIL: 'this machine has no address for such a connection',
  EACCES: 'this machine forbids the connection',
  EPERM: 'this machine forbids the connection',
  ENOTFOUND: 'the name is not known',
  ENODATA: 'the name has no address',
  EAI_AGAIN: 'the name cannot be looked up now',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by an authority that Holdfast does not trust',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is signed by an authority that Holdfast does not trust',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is signed by an authority that Holdfast does not trust',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is signed by an authority that Holdfast does not trust',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate, which Holdfast does not trust',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate was revoked',
};

/** It speaks none of the protocols that were offered by ALPN. */
export function isOtherProtocol(error: unknown): boolean {
  return /NO_APPLICATION_PROTOCOL/.test(codeOf(error) ?? '');
}

/** Why a connection could not be made, in a few plain words, with the code that operators can look for. */
export function wordsOfFault(error: unknown, host: string): string {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error && error.message !== '' ? error.message : String(error);
  return `${plainWords(code, error, host)} (${code})`;
}

function plainWords(code: string, error: unknown, host: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `the certificate is not for ${host}`;
  const message = error instanceof Error ? error.message : '';
  const tls = tlsWordsOf(code, message);
  if (tls !== undefined) return tls;
  if (code === 'ECONNRESET' && message.includes('TLS')) return 'the connection was closed during the TLS handshake';
  return (code === 'EADDRNOTAVAIL' ? undefined : shortageOf(code)) ?? words[code] ?? message;
}
