import { setTimeout as wait } from 'node:timers/promises';
import type { Settings } from '../config/schema.ts';
import { ask, urlOf } from './ask.ts';
import { CommandError } from './error.ts';

/** Whoever runs this wants an answer soon, whatever the coordinator does. */
const withinMs = 5000;

/**
 * Asks the coordinator of these settings whether it is alive, or whether it can serve requests.
 * @throws CommandError where it is not, or does not say so in time
 */
export async function askHealth({ http }: Settings, { ready = false }: { readonly ready?: boolean }): Promise<void> {
  if (http.port === 0)
    throw new CommandError('http.port is 0, so that the port is not known: give the setting another value');
  const path = ready ? '/readyz' : '/healthz';
  const { status, answer } = await Promise.race([
    ask(http, 'GET', path, undefined, withinMs),
    wait(withinMs, undefined, { ref: false }).then(() => {
      throw new CommandError(`${urlOf(http)}${path} has not answered within ${withinMs / 1000} s`);
    }),
  ]);
  const reason = String(answer['message'] ?? answer['status'] ?? '');
  if (status !== 200)
    throw new CommandError(`${urlOf(http)} is not ${ready ? 'ready' : 'alive'}: ${reason} (HTTP ${status})`);
  console.log(`${urlOf(http)} is ${reason}`);
}
