import { type Address, ask, urlOf } from './ask.ts';
import { CommandError } from './error.ts';

/** Whoever asks this wants to know it soon. */
export const healthTimeoutSeconds = 5;

/**
 * Asks the coordinator whether it is alive, or whether it can serve requests.
 * @throws CommandError where it is not, or does not say so in time
 */
export async function askHealth(address: Address, { ready = false }: { readonly ready?: boolean }): Promise<void> {
  if (address.port === 0) throw new CommandError('http.port is 0, so the port is not known: give it with --http-port');
  const inTime = { timeoutMs: healthTimeoutSeconds * 1000, ...address };
  const { status, answer } = await ask(inTime, 'GET', ready ? '/readyz' : '/healthz');
  const said = String(answer['message'] ?? answer['status'] ?? '');
  const url = urlOf(address);
  if (status !== 200) throw new CommandError(`${url} is not ${ready ? 'ready' : 'alive'}: ${said} (HTTP ${status})`);
  console.log(`${url} is ${said}`);
}
