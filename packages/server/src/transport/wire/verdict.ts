import { failureText, type Outcome, type Status } from '@holdfast/core';
import type { AnsweredStanding } from './stored.ts';

/** What a client is told of a submit or abort, in the words that every transport has: HTTP 200, 409, 425, 500. */
export type Verdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure'; readonly message: string }
  | { readonly kind: 'ongoing'; readonly message: string }
  | { readonly kind: 'error'; readonly message: string };

const success: Verdict = { kind: 'success' };

/** submit: without wait_result it is accepted, and that is all that is said. */
export function submitVerdict(standing: AnsweredStanding | undefined): Verdict {
  if (standing === undefined) return success;
  const { definition, progress } = standing.transaction;
  if (progress.status === 'succeed') return success;
  if (progress.status === 'failed') return { kind: 'failure', message: failureText(progress.reason) };
  const trouble = definition.type === 'saga' ? success : troubleVerdict(standing.trouble);
  // Of a message dtm reports errors, but not that a branch is still at it.
  if (trouble.kind !== 'success' && !(definition.type === 'msg' && trouble.kind === 'ongoing')) return trouble;
  return { kind: 'failure', message: unfinishedText(progress.status, progress.reason) };
}

/** abort: only what went wrong on the way is reported; it is retried all the same. */
export function abortVerdict(standing: AnsweredStanding | undefined): Verdict {
  if (standing === undefined) return success;
  const { status } = standing.transaction.progress;
  return status === 'failed' || status === 'succeed' ? success : troubleVerdict(standing.trouble);
}

/** The last answer of this run that was no success, of an operation that is retried until it succeeds. */
function troubleVerdict(trouble: Outcome | undefined): Verdict {
  switch (trouble?.kind) {
    case undefined:
    case 'success':
      return success;
    case 'ongoing':
      return { kind: 'ongoing', message: ongoingText(trouble.message) };
    case 'failure':
      return { kind: 'failure', message: failureText(`this operation cannot fail and is retried: ${trouble.message}`) };
    case 'error':
      return { kind: 'error', message: `an operation has no result yet and is retried: ${trouble.message}` };
    default:
      return trouble satisfies never;
  }
}

/**
 * dtm says FAILURE of what is merely unfinished. The status stays, since clients know it; the words say how it is, and
 * lower case keeps them apart from the word ONGOING, which would mean another outcome.
 */
function unfinishedText(status: Status, reason: string): string {
  if (reason !== '') return failureText(reason);
  return `wait result not return success: it is still ongoing, with status ${status}; query it for its end. FAILURE`;
}

/** The text with exactly one trailing ` ONGOING`. */
function ongoingText(text: string): string {
  const bare = text.replace(/(\s*ONGOING)+\s*$/, '');
  return bare === '' ? 'ONGOING' : `${bare} ONGOING`;
}
