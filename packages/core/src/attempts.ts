import { type Attempt, limits, type Progress } from './transaction.ts';

/** Records an attempt; the oldest is dropped beyond 64, and counted. Never refused for its size: the reason is cut. */
export function withAttempt(progress: Progress, attempt: Attempt): Progress {
  const cut = { ...attempt, reason: shorten(attempt.reason, limits.attemptReasonBytes) };
  const kept = progress.attempts.length < limits.attempts ? progress.attempts : progress.attempts.slice(1);
  return { ...progress, attempts: [...kept, cut], attemptCount: progress.attemptCount + 1 };
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

function utf8Bytes(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/**
 * Progress that fits its limit: reasons are shortened first, then the oldest attempts dropped. Operations take one
 * character each and are never dropped.
 */
export function fitProgress(progress: Progress): Progress {
  let fitted = progress;
  for (const bytes of [256, 64, 0]) {
    if (sizeOf(fitted) <= limits.progressBytes) return fitted;
    fitted = {
      ...fitted,
      attempts: fitted.attempts.map((attempt) => ({ ...attempt, reason: shorten(attempt.reason, bytes) })),
    };
  }
  while (fitted.attempts.length > 0 && sizeOf(fitted) > limits.progressBytes) {
    fitted = { ...fitted, attempts: fitted.attempts.slice(1) };
  }
  return fitted;
}

/** An upper bound that is cheap: counters and attempts are counted flat, text at three bytes a character. */
function sizeOf({ operations, retries, attempts }: Progress): number {
  let bytes = operations.length + 512 + Object.keys(retries).length * 12;
  for (const attempt of attempts) bytes += 100 + attempt.reason.length * 3;
  return bytes;
}
