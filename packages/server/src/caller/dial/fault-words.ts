import { codeOf, shortageOf } from '../local-fault.ts';

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

/** Of OpenSSL: its codes name alerts and reasons; those below are the ones that operators meet. */
const tlsWords: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST|UNKNOWN_PROTOCOL|PACKET_LENGTH_TOO_LONG/, 'the port does not speak TLS'],
  [/NO_APPLICATION_PROTOCOL/, 'the service speaks none of the protocols that were offered by ALPN'],
  [/UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION/, 'the service speaks only TLS versions that Holdfast does not'],
  [/HANDSHAKE_FAILURE|NO_SHARED_CIPHER/, 'the service found no TLS version and cipher in common'],
  [
    /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|NO_CERTIFICATE/,
    'the service asks for a client certificate; Holdfast has none',
  ],
  [/UNRECOGNIZED_NAME/, 'the service has no certificate for this name'],
  [/ALERT_INTERNAL_ERROR/, 'the service failed in the TLS handshake'],
  [/DH_KEY_TOO_SMALL|EE_KEY_TOO_SMALL|CA_MD_TOO_WEAK/, 'the certificate or key of the service is too weak'],
];

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
  // The message of a failed handshake holds the name of the file and the line in OpenSSL; its reason is in there too.
  const message = error instanceof Error ? error.message : '';
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    const known = tlsWords.find(([pattern]) => pattern.test(code) || pattern.test(reasonIn(message)));
    return known?.[1] ?? `the TLS handshake failed: ${reasonIn(message).toLowerCase().replaceAll('_', ' ')}`;
  }
  if (code === 'ECONNRESET' && message.includes('TLS')) return 'the connection was closed during the TLS handshake';
  return (code === 'EADDRNOTAVAIL' ? undefined : shortageOf(code)) ?? words[code] ?? message;
}

/** `40C7B:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../file.c:355:` has it in its fifth part. */
function reasonIn(message: string): string {
  const reason = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(message)?.[1] ?? message;
  return reason.trim().toUpperCase().replaceAll(' ', '_');
}
