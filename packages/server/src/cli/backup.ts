import { type Address, ask, urlOf } from './ask.ts';
import { CommandError } from './error.ts';

/** Asks the coordinator that runs to copy its store, and prints where the copy is. */
export async function backUp(address: Address): Promise<void> {
  const { status, answer } = await ask(address, 'POST', '/api/v1/backup', undefined, { isLong: true }).catch(
    (error: unknown) => {
      if (!(error instanceof CommandError) || !error.message.startsWith('no coordinator answers')) throw error;
      const advice = 'The copy is made by the running coordinator. Where none runs, copy its data folder as a whole.';
      throw new CommandError(`${error.message}\n${advice}`, { cause: error });
    },
  );
  const { path, bytes, message } = answer;
  if (status !== 200) throw new CommandError(`${urlOf(address)} made no backup: ${message} (HTTP ${status})`);
  if (path === undefined) throw new CommandError(`${urlOf(address)} is no coordinator: its answer names no path`);
  console.log(`${path} (${sizeOf(Number(bytes))})`);
}

function sizeOf(bytes: number): string {
  const mib = 1024 * 1024;
  return bytes < mib ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / mib).toFixed(1)} MiB`;
}
