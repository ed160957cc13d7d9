import { UsageError } from './error.ts';

/** A part of a path. Without it the path would be another one. */
export function segmentOf(text: string, name: string): string {
  if (text === '') throw new UsageError(`${name} must not be empty`);
  return encodeURIComponent(text);
}
