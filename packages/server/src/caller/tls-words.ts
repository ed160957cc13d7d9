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

/** What an error of TLS means, in a few plain words; undefined: it is another error. */
export function tlsWordsOf(code: string, message: string): string | undefined {
  if (code !== 'EPROTO' && !code.startsWith('ERR_SSL_')) return undefined;
  // The message holds the name of the file and the line in OpenSSL; its reason is in there too.
  const reason = reasonIn(message);
  const known = tlsWords.find(([pattern]) => pattern.test(code) || pattern.test(reason));
  return known?.[1] ?? `TLS failed: ${reason.toLowerCase().replaceAll('_', ' ')}`;
}

/** `40C7B:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../file.c:355:` has it in its fifth part. */
function reasonIn(message: string): string {
  const reason = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(message)?.[1] ?? message;
  return reason.trim().toUpperCase().replaceAll(' ', '_');
}
