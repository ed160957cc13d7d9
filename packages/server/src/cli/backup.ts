import { resolve } from 'node:path';
import { type Address, ask, urlOf } from './ask.ts';
import { CommandError, UsageError } from './error.ts';
import { plain } from './plain.ts';

export interface BackupOptions {
  readonly to?: string;
  readonly keep?: string;
}

/** Asks the coordinator that runs to copy its store, and prints where the copy is. */
export async function backUp(address: Address, { to, keep }: BackupOptions = {}): Promise<void> {
  // As an unset variable of a shell gives it: the current folder is not meant.
  if (to === '') throw new UsageError('--to must name a folder');
  if (keep !== undefined && !/^[1-9]\d{0,8}$/.test(keep)) throw new UsageError('--keep must be a whole number from 1');
  const asked = { ...(to !== undefined && { to: resolve(to) }), ...(keep !== undefined && { keep: Number(keep) }) };
  const { status, answer } = await ask(address, 'POST', '/api/v1/backup', asked, { isLong: true }).catch(
    (error: unknown) => {
      if (!(error instanceof CommandError) || !error.message.startsWith('no coordinator answers')) throw error;
      const advice = 'The copy is made by the running coordinator. Where none runs, copy its data folder as a whole.';
      throw new CommandError(`${error.message}\n${advice}`, { cause: error });
    },
  );
  const { path, bytes, removed, message } = answer;
  if (status !== 200) throw new CommandError(`${urlOf(address)} made no backup: ${message} (HTTP ${status})`);
  if (path === undefined) throw new CommandError(`${urlOf(address)} is not a coordinator: its answer names no path`);
  console.log(`${path} (${sizeOf(Number(bytes))})`);
  if (Array.isArray(removed)) for (const old of removed) console.log(`removed ${plain(String(old))}`);
}

export function sizeOf(bytes: number): string {
  const mib = 1024 * 1024;
  return bytes < mib ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / mib).toFixed(1)} MiB`;
}
