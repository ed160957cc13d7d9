import { hasControlCharacter } from '../../branch-headers.ts';
import type { AnswerHead as Http2Head } from '../../http2/session.ts';
import type { AnswerHead } from '../answer/head.ts';

/** The head of an answer, as HTTP/1.1 has it. A text: why it is refused. No reason repeats what the service sent. */
export function headOf(head: Http2Head): AnswerHead | string {
  const { status: statusCode, contentLength, contentEncoding, retryAfter, location } = head;
  if (statusCode < 200) return 'its status is not that of an answer';
  if ([contentEncoding, retryAfter ?? '', location ?? ''].some(hasControlCharacter)) {
    return 'a header has a control character';
  }
  if (head.hasTwoLengths) return 'it has two different Content-Length';
  const isBodiless = statusCode === 204 || statusCode === 304;
  const length = isBodiless ? 0 : lengthOf(contentLength);
  if (typeof length === 'string') return length;
  return {
    statusCode,
    framing: length === undefined ? 'close' : 'length',
    length: length ?? 0,
    isKept: true,
    keptForMs: undefined,
    contentEncoding,
    retryAfter,
    location,
  };
}

function lengthOf(text: string | undefined): number | string | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) return 'its Content-Length is not a number';
  return Number.isSafeInteger(Number(text)) ? Number(text) : 'its Content-Length is too large to be one';
}
