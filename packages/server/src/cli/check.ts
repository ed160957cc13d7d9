import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Defaults, restoreTransaction } from '@holdfast/core';
import { loadSettings } from '../config/load.ts';
import { FolderLock } from '../store/sqlite/folder/lock.ts';
import { type FolderFindings, findInFolder } from '../store/sqlite/folder/problem.ts';
import { databaseName, lockName } from '../store/sqlite/folder/sight.ts';
import { QuietDatabase } from '../store/sqlite/quiet-database.ts';
import { noDatabase, type Problem, type Survey, survey } from '../store/sqlite/survey.ts';
import type { StoredTransaction } from '../store/store.ts';
import { sizeOf } from './backup.ts';
import { CommandError } from './error.ts';
import { plain } from './plain.ts';

/** What was found in a data folder, a database or a backup. */
export interface Checked extends Survey {
  /** As asked for, absolute. */
  readonly path: string;
  readonly kind: 'data folder' | 'database';
  readonly bytes: number;
  readonly walBytes: number;
  readonly isWhole: boolean;
  /** What a start would warn of; it does not say that something is wrong. */
  readonly caution: string | undefined;
}

const nothingFound: FolderFindings = { problem: undefined, caution: undefined };

/** A step that takes longer is told of. */
const tellEveryMs = 1000;
const tellFromBytes = 32 * 1024 * 1024;
const mostTold = 50;

/** Prints what is there and whether it is whole. @returns whether it is */
export async function check(path: string, { json = false }: { readonly json?: boolean }): Promise<boolean> {
  const checked = await examine(path);
  console.log(json ? JSON.stringify(jsonOf(checked), undefined, 2) : reportOf(checked).join('\n'));
  return checked.isWhole;
}

/**
 * Reads everything and changes nothing.
 * @throws CommandError where it cannot be checked: nothing is there, or somebody writes to it
 */
export async function examine(asked: string): Promise<Checked> {
  const path = resolve(asked);
  if (!existsSync(path)) throw new CommandError(`${path}: there is no such file or folder`);
  const stat = statSync(path);
  const isFolder = stat.isDirectory();
  if (!isFolder && !stat.isFile()) throw new CommandError(`${path} is neither a file nor a folder`);
  const database = isFolder ? join(path, databaseName) : path;
  refuseRunning(path, dirname(database));
  const kind = isFolder ? 'data folder' : 'database';
  if (!existsSync(database)) return withoutDatabase(path);
  const quiet = await openQuietly(database);
  try {
    const { problem, caution } = isFolder ? findInFolder(path, quiet.db) : nothingFound;
    const surveyed = survey(quiet.db, database, {
      drive: drivable(),
      read: progressOf('transactions read'),
      begins: (step) => {
        if (quiet.bytes >= tellFromBytes) tell(`checking ${step}, ${sizeOf(quiet.bytes)}`);
      },
    });
    if (quiet.hasChanged()) {
      throw new CommandError(
        `${path}: somebody wrote to it while it was checked, so what was read says nothing.\n${advice}`,
      );
    }
    const { bytes, walBytes } = quiet;
    const found = problem === undefined ? surveyed : withProblem(surveyed, problem);
    return { ...found, path, kind, bytes, walBytes, isWhole: found.problemCount === 0, caution };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${path} cannot be checked: ${textOf(error)}`, { cause: error });
  } finally {
    quiet.close();
  }
}

/** @throws CommandError where nothing says that there was a database */
function withoutDatabase(path: string): Checked {
  const { problem, caution } = findInFolder(path, undefined);
  if (problem === undefined) throw new CommandError(`${path}: there is no ${databaseName}: ${contentsOf(path)}`);
  const found = withProblem(noDatabase, problem);
  return { ...found, path, kind: 'data folder', bytes: 0, walBytes: 0, isWhole: false, caution };
}

function withProblem(found: Survey, what: string): Survey {
  return { ...found, problems: [{ gid: '', what }, ...found.problems], problemCount: found.problemCount + 1 };
}

const advice = 'Stop the coordinator first, or check a backup of it: holdfast backup, then holdfast check BACKUP.';

function refuseRunning(path: string, folder: string): void {
  if (FolderLock.isHeld(join(folder, lockName))) {
    throw new CommandError(`${path} is in use by a coordinator that runs, so it changes all the time.\n${advice}`);
  }
}

async function openQuietly(database: string): Promise<QuietDatabase> {
  try {
    return await QuietDatabase.open(database, (folder, bytes) => {
      if (bytes >= tellFromBytes) tell(`copying ${sizeOf(bytes)} to ${folder} to read it there`);
    });
  } catch (error) {
    throw new CommandError(`${database} cannot be checked: ${textOf(error)}`, { cause: error });
  }
}

/** Whether this version could drive it, with the settings that it has by itself. */
function drivable(): (stored: StoredTransaction) => void {
  const settings = loadSettings({ environment: {} });
  const defaults: Defaults = { ...settings, alertAfterErrors: settings.alert.afterErrors };
  return ({ definition, branches, progress }) => {
    restoreTransaction(definition, branches, progress, defaults);
  };
}

/** On stderr, once a second at most, so that what takes a second says nothing. */
function progressOf(what: string): (count: number, total: number) => void {
  let toldMs = performance.now();
  return (count, total) => {
    if (performance.now() - toldMs < tellEveryMs) return;
    toldMs = performance.now();
    tell(`${count} of ${total} ${what}`);
  };
}

export function tell(line: string): void {
  console.error(`holdfast: ${line}`);
}

function contentsOf(folder: string): string {
  const names = readdirSync(folder);
  return names.length === 0 ? 'it is empty' : `it holds ${plain(names.slice(0, 10).join(', '))}`;
}

function reportOf(checked: Checked): string[] {
  const { path, kind, problems, problemCount, isWhole, caution } = checked;
  const told = problems.slice(0, mostTold).map(lineOf);
  const rest = problemCount - told.length;
  return [
    `${path} (${kind})`,
    ...holdingsOf(checked).map((line) => `  ${line}`),
    ...(caution === undefined ? [] : [plain(`warning: ${caution}`)]),
    isWhole ? 'whole' : `NOT WHOLE: ${problemsOf(checked)}`,
    ...told.map((line) => `  ${line}`),
    ...(rest > 0 ? [`  and ${rest} more${problems.length > told.length ? ' (--json shows more of them)' : ''}`] : []),
  ];
}

export function problemsOf({ problemCount }: Checked): string {
  return problemCount === 1 ? '1 problem' : `${problemCount} problems`;
}

/** What is in it, for people. */
export function holdingsOf(checked: Checked): string[] {
  const { bytes, walBytes, version, transactions, branches, topics, incidents, newestMs, withoutChecksum } = checked;
  const total = Object.values(transactions).reduce((sum, count) => sum + count, 0);
  const each = Object.entries(transactions).map(([status, count]) => `${count} ${plain(status)}`);
  return [
    `size       ${sizeOf(bytes)}${walBytes > 0 ? `, and ${sizeOf(walBytes)} in its WAL` : ''}; version ${version}`,
    `holds      ${total} transactions${total === 0 ? '' : ` (${each.join(', ')})`}, ${branches} registered branches, ${topics} topics`,
    `incidents  ${incidents}`,
    `newest     ${newestMs === 0 ? 'nothing' : `${new Date(newestMs).toISOString()}, the last change of a transaction`}`,
    ...(withoutChecksum > 0
      ? [`checksums  ${withoutChecksum} transactions have none: an earlier version wrote them`]
      : []),
  ];
}

const lineOf = ({ gid, what }: Problem) => plain(gid === '' ? what : `${gid}: ${what}`);

function jsonOf({ path, kind, isWhole, problems, problemCount, newestMs, caution = '', ...rest }: Checked): object {
  const newest = newestMs === 0 ? null : new Date(newestMs).toISOString();
  return { path, kind, whole: isWhole, ...rest, newest, warning: caution, problemCount, problems };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
