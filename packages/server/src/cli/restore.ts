import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { restoreInto } from '../store/sqlite/backup/restore.ts';
import { sizeOf as bytesOf } from '../store/sqlite/quiet-database.ts';
import { StoreError } from '../store/store.ts';
import { examine, holdingsOf, problemsOf, tell } from './check.ts';
import { CommandError, UsageError } from './error.ts';
import { ageOf } from './greeting.ts';

export interface RestoreOptions {
  /** The data folder that is made. */
  readonly to: string;
  /** Also a backup that is not whole. */
  readonly acceptDamage?: boolean;
}

/** Makes a data folder of a backup, and says what is in it. */
export async function restore(asked: string, { to, acceptDamage = false }: RestoreOptions): Promise<void> {
  // As an unset variable of a shell gives it: the current folder is not meant.
  if (to === '') throw new UsageError('--to must name a folder');
  const backup = resolve(asked);
  const folder = resolve(to);
  refuseOtherFiles(backup);
  const checked = await examine(backup);
  if (!checked.isWhole && !acceptDamage) {
    throw new CommandError(
      `${backup} is not whole: ${problemsOf(checked)}; see holdfast check ${asked}. Nothing was restored.
Take another backup. If there is none, --accept-damage restores what is there.`,
    );
  }
  const nowMs = Date.now();
  const { newestMs } = checked;
  try {
    let toldMs = performance.now();
    await restoreInto(folder, backup, { backup: basename(backup), newestMs, restoredMs: nowMs }, (bytes, total) => {
      if (performance.now() - toldMs < 1000) return;
      toldMs = performance.now();
      tell(`${Math.floor((100 * bytes) / total)} % copied`);
    });
  } catch (error) {
    if (error instanceof StoreError)
      throw new CommandError(`${error.message}. Nothing was restored.`, { cause: error });
    throw new CommandError(`${folder}: ${String(error)}. Nothing was restored.`, { cause: error });
  }
  console.log(
    [
      `${folder} is now what ${basename(backup)} was`,
      ...holdingsOf(checked).map((line) => `  ${line}`),
      ...(checked.isWhole ? [] : [`  damaged    ${problemsOf(checked)}; see holdfast check ${to}`]),
      `What happened since ${newestMs === 0 ? 'then' : `its newest change, ${ageOf(nowMs - newestMs)} ago,`} is not in it (docs/operations.md, "Backup and restore").`,
      `Start it with: holdfast serve --data-dir ${to}`,
    ].join('\n'),
  );
}

function refuseOtherFiles(backup: string): void {
  if (!existsSync(backup)) throw new CommandError(`${backup}: there is no such file`);
  if (!statSync(backup).isFile()) {
    throw new CommandError(`${backup} is not a file: a backup is one file, as holdfast backup makes it`);
  }
  if (bytesOf(`${backup}-wal`) > 0 || bytesOf(`${backup}-journal`) > 0) {
    throw new CommandError(
      `${backup} is no backup but a database that was in use: a part of it lies in a file beside it.
Copy its whole folder instead, while no coordinator runs on it.`,
    );
  }
}
