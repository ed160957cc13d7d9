/** What of this machine ran out, by the code of the error. */
const shortages: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no file descriptors left',
  ENFILE: 'this machine has no file descriptors left',
  ENOBUFS: 'this machine has no network buffers left',
  ENOMEM: 'this machine has no memory left',
  EADDRNOTAVAIL: 'this machine has no local port or address for the connection',
};

/**
 * The code of an error that says that this machine, not the other one, is short of something. Undefined: it says no such
 * thing.
 */
export function localFaultOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code !== undefined && shortages[code] !== undefined ? code : undefined;
}

/** What ran out, for people; undefined: the code says nothing of the kind. */
export function shortageOf(code: string): string | undefined {
  return shortages[code];
}

export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
