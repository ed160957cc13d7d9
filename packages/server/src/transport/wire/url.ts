import { invalid, limits, topicOf, urlTrouble } from '@holdfast/core';
import { keptText } from './fields.ts';
import { checkedId, isLonger } from './identity.ts';

/** An action of a message: a URL, or `topic://` and the name of a topic. */
export function messageUrl(url: string, name: string, protocol: string): string {
  const topic = topicOf(url);
  if (topic === undefined) return branchUrl(url, name, protocol);
  checkedId(keptText(topic, name), name);
  return url;
}

/** A URL of which it is not known yet whose transaction will call it: a grpc one may call every form. */
export function anyUrl(url: string, name: string): string {
  return branchUrl(url, name, 'grpc');
}

/** Empty is allowed: such an operation always succeeds, without a call. */
export function branchUrl(url: string, name: string, protocol: string): string {
  if (url === '') return url;
  keptText(url, name);
  if (isLonger(url, limits.urlCharacters)) throw invalid(name, `must have at most ${limits.urlCharacters} characters`);
  // Whitespace, control characters and backslashes are read differently by different parsers of URLs.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0020\u007f\\]/.test(url)) {
    throw invalid(name, 'must not contain spaces, control characters or backslashes');
  }
  const trouble = urlTrouble(url, protocol);
  if (trouble !== undefined) throw invalid(name, trouble);
  return url;
}
