import { invalid, limits } from '@holdfast/core';
import type { AskedTransaction } from '../../engine/coordinator.ts';

/**
 * Refuses a transaction of more than 16 MiB of texts.
 * @param sentLength of the request in characters or bytes: decoded, it is not longer, and a character has at most three bytes
 */
export function checkSize(asked: AskedTransaction, sentLength: number): void {
  if (sentLength * 3 <= limits.transactionBytes) return;
  let bytes = Buffer.byteLength(asked.customData) + Buffer.byteLength(asked.queryPrepared);
  for (const { action, compensate, payload } of asked.steps) {
    bytes += Buffer.byteLength(action) + Buffer.byteLength(compensate) + Buffer.byteLength(payload);
  }
  if (bytes > limits.transactionBytes) {
    throw invalid('payloads', `a transaction must be at most ${limits.transactionBytes} bytes`);
  }
}
