import type { ServerResponse } from 'node:http';
import { type Answer, headersOf } from '../answer.ts';
import type { Intake } from '../intake.ts';

/** Writes an answer; a client that has left gets none, and one that does not read its answer is cut off. */
export function send(response: ServerResponse, given: Answer, { settings, unsent }: Intake): void {
  if (response.destroyed || response.headersSent) return;
  const bytes = Buffer.byteLength(given.body);
  response.writeHead(given.status, headersOf(given, bytes));
  response.end(given.body);
  if (response.writableLength === 0) return;
  const { socket } = response.req;
  unsent.hold(socket, bytes);
  response.once('close', () => unsent.release(socket, bytes));
  response.setTimeout(settings.sendTimeoutMs, () => response.destroy());
}
