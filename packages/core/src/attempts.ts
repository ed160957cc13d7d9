import type { CutCall } from './fact.ts';
import { type Attempt, limits, type Progress } from './transaction.ts';

/** Records an attempt; the oldest is dropped beyond 64, and counted. Never refused for its size: its texts are cut. */
export function withAttempt(progress: Progress, attempt: Attempt): Progress {
  const { note } = attempt;
  const cut = {
    ...attempt,
    reason: shorten(attempt.reason, limits.attemptReasonBytes),
    ...(note !== undefined && { note: shorten(note, limits.attemptReasonBytes) }),
  };
  const kept = progress.attempts.length < limits.attempts ? progress.attempts : progress.attempts.slice(1);
  return { ...progress, attempts: [...kept, cut], attemptCount: progress.attemptCount + 1 };
}

/** Records calls that an operator's stop cut. */
export function withCutAttempts(progress: Progress, cut: readonly CutCall[], atMs: number): Progress {
  return cut.reduce((known, { operation, sentMs }) => {
    const reason = cutReason('an operator stopped the transaction');
    return withAttempt(known, { operation, atMs: sentMs, durationMs: atMs - sentMs, outcome: 'error', reason });
  }, progress);
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
