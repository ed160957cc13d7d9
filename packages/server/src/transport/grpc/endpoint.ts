import { invalid } from '@holdfast/core';
import type { CallReader, GrpcCall } from './call.ts';

/** Begins to serve a call. */
export type Endpoint = (call: GrpcCall) => Omit<CallReader, 'refused'>;

/** By the name of the method. */
export type Endpoints = Readonly<Record<string, Endpoint>>;

/**
 * Reads a request of one message, and is told it once the client has sent all.
 * @param whole may throw what the call is refused with
 */
export function oneMessage(whole: (message: Buffer) => void): Omit<CallReader, 'refused'> {
  let sent: Buffer | undefined;
  return {
    message: (bytes) => {
      if (sent !== undefined) throw invalid('message', 'must be one message; the request has several');
      sent = bytes;
    },
    end: () => {
      if (sent === undefined) throw invalid('message', 'must be sent; the request has no message');
      const message = sent;
      // Not kept for as long as its call waits.
      sent = undefined;
      whole(message);
    },
    closed: () => undefined,
  };
}
