import { shorten } from './attempts.ts';
import type { Outcome } from './fact.ts';
import { outcomeMessageBytes } from './outcome.ts';

/** The values of `dtm_result` that have a meaning. An empty one counts as absent. */
const known: readonly unknown[] = ['SUCCESS', 'FAILURE', 'ONGOING', '', null];
const usual = '{"dtm_result":"SUCCESS"}';
const name = 'dtm_result';

/**
 * Whether the JSON of an answer has a `dtm_result` that means nothing, such as the text of an exception: at the top, or in
 * the result of JSON-RPC. A body that is no JSON has none.
 */
function hasStrangeResult(body: string): boolean {
  if (body === usual || !/dtm_result/i.test(body)) return false;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Text that happens to have the word.
    return false;
  }
  if (!isObject(value)) return false;
  const result = value['result'];
  return isStrange(value) || (isObject(result) && isStrange(result));
}

/** A longer answer is not looked through for a warning. */
const mostWarnedCharacters = 64 * 1024;

/**
 * A warning for people about an answer that counts as a success though its `dtm_result` means nothing; undefined: there is
 * nothing to warn of.
 */
export function warningAbout({ kind }: Outcome, body: string): string | undefined {
  if (kind !== 'success' || body.length > mostWarnedCharacters || !hasStrangeResult(body)) return undefined;
  return 'it counts as a success, but the dtm_result of the answer has no meaning: SUCCESS is what a service should say';
}

/**
 * The outcome of a call of query_prepared. A yes sends the message and cannot be taken back. So a success with another
 * value in `dtm_result` is an error, and the service is asked again.
 */
export function asQuery(outcome: Outcome, body: string): Outcome {
  if (outcome.kind !== 'success' || !hasStrangeResult(body)) return outcome;
  const message = `the dtm_result of the answer has no meaning, and is not taken for a yes: ${body}`;
  return { kind: 'error', message: shorten(message, outcomeMessageBytes), retryAfterMs: 0 };
}

function isStrange(value: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(value).some((key) => key.toLowerCase() === name && !known.includes(value[key]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
