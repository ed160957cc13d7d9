import type { CutCall } from './fact.ts';
import { type Attempt, limits, type Progress } from './transaction.ts';

export type Attempted = Pick<Progress, 'attempts' | 'attemptCount'>;

/** One attempt more; the oldest is dropped beyond 64, and counted. Never refused for its size: its texts are cut. */
export function withAttempt({ attempts, attemptCount }: Progress, attempt: Attempt): Attempted {
  const kept = attempts.length < limits.attempts ? attempts : attempts.slice(1);
  return { attempts: [...kept, cut(attempt)], attemptCount: attemptCount + 1 };
}

function cut(attempt: Attempt): Attempt {
  const { reason, note } = attempt;
  if (reason === '' && note === undefined) return attempt;
  return {
    ...attempt,
    reason: shorten(reason, limits.attemptReasonBytes),
    ...(note !== undefined && { note: shorten(note, limits.attemptReasonBytes) }),
  };
}

/** Records calls that an operator's stop cut. */
export function withCutAttempts(progress: Progress, cut: readonly CutCall[], atMs: number): Progress {
  const reason = cutReason('an operator stopped the transaction');
  let known = progress;
  for (const { operation, sentMs } of cut) {
    const attempt: Attempt = { operation, atMs: sentMs, durationMs: atMs - sentMs, outcome: 'error', reason };
    known = { ...known, ...withAttempt(known, attempt) };
  }
  return known;
}

/** What an attempt says whose call was cut while it was out. */
export function cutReason(why: string): string {
  return `cut: ${why}; it may have run`;
}

/** At most that many bytes of UTF-8, never half a character. */
export function shorten(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  let used = 0;
  let end = 0;
  for (const character of text) {
    used += utf8Bytes(character.codePointAt(0) ?? 0);
    if (used > bytes) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

/** Bytes of a text in UTF-8; a lone surrogate counts as the three bytes that replace it. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += utf8Bytes(character.codePointAt(0) ?? 0);
  return bytes;
}

function utf8Bytes(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
