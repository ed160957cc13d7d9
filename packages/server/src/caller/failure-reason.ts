import { codeOf } from './local-fault.ts';
import { tlsWordsOf } from './tls-words.ts';

/** Of connections that were open. */
const lost: Readonly<Record<string, string>> = {
  ECONNRESET: 'the service reset it',
  EPIPE: 'the service closed it',
  ETIMEDOUT: 'the machine does not answer any more',
};

/** A network error in one short readable line. */
export function reasonOf(error: unknown): string {
  const text = harmless(textOf(error));
  return text === '' ? 'unknown network error' : text;
}

/** One short line. The two words mean an outcome to whoever is told of it; a certificate, say, could contain them. */
export function harmless(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
    .replace(/FAILURE|ONGOING/g, '...');
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = codeOf(error) ?? '';
  const message = tlsWordsOf(code, error.message) ?? lost[code] ?? error.message;
  if (message === '') return code;
  return code === '' || message.includes(code) ? message : `${message} (${code})`;
}
