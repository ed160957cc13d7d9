import { shorten, utf8Length } from './attempts.ts';
import { type Attempt, limits, type Progress } from './transaction.ts';

/**
 * Progress that fits its limit as JSON text, whatever happened; reason and result are stored beside it. Given up, in this order: the length of error texts, the
 * oldest attempts, and at last retry counters: those of what has succeeded, then the smallest
 * (an action may then be retried more often than its limit says, after a crash). Operations take one character each and are never given up.
 */
export function fitProgress(progress: Progress): Progress {
  if (mostBytes(progress) <= limits.progressBytes || storedBytes(progress) <= limits.progressBytes) return progress;
  let fitted = progress;
  for (const bytes of [512, 256, 64, 0]) {
    fitted = withShortReasons(fitted, bytes);
    if (storedBytes(fitted) <= limits.progressBytes) return fitted;
  }
  fitted = withFewerAttempts(fitted, storedBytes(fitted) - limits.progressBytes);
  if (storedBytes(fitted) <= limits.progressBytes) return fitted;
  return withFewerCounters(fitted, storedBytes(fitted) - limits.progressBytes);
}

/** Cheap, and never too small: a character of text takes at most six bytes. */
function mostBytes({
  operations,
  retries,
  attempts,
  incident,
  ignoredFields = [],
  operatorDecisions = [],
}: Progress): number {
  let bytes = 512 + operations.length + incident.length * 6 + ignoredFields.length * 64;
  bytes += Object.keys(retries).length * 32;
  for (const { reason } of operatorDecisions) bytes += 128 + reason.length * 6;
  for (const { reason, note = '' } of attempts) bytes += 192 + (reason.length + note.length) * 6;
  return bytes;
}

function storedBytes({ reason: _, result: __, ...stored }: Progress): number {
  return jsonBytes(stored);
}

function jsonBytes(value: unknown): number {
  return utf8Length(JSON.stringify(value));
}

function withShortReasons(progress: Progress, bytes: number): Progress {
  const cut = ({ note, ...attempt }: Attempt) => ({
    ...attempt,
    reason: shorten(attempt.reason, bytes),
    ...(note !== undefined && bytes > 0 && { note: shorten(note, bytes) }),
  });
  return { ...progress, attempts: progress.attempts.map(cut) };
}

function withFewerAttempts(progress: Progress, excessBytes: number): Progress {
  let excess = excessBytes;
  let dropped = 0;
  for (const attempt of progress.attempts) {
    if (excess <= 0) break;
    excess -= jsonBytes(attempt) + 1;
    dropped += 1;
  }
  return { ...progress, attempts: progress.attempts.slice(dropped) };
}

function withFewerCounters(progress: Progress, excessBytes: number): Progress {
  let excess = excessBytes;
  const retries: Record<number, number> = {};
  const useOf = ([operation, count]: [string, number]) => (progress.operations[Number(operation)] === 's' ? 0 : count);
  for (const [operation, count] of Object.entries(progress.retries).sort((a, b) => useOf(a) - useOf(b))) {
    if (excess <= 0) retries[Number(operation)] = count;
    else excess -= operation.length + String(count).length + 4;
  }
  return { ...progress, retries };
}
