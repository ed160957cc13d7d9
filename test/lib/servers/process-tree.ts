import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { until } from '../until.ts';

/**
 * A process that we started, and those that it has started. PostgreSQL answers each connection by a process with a group
 * of its own: whoever stops or kills the first one alone has not stopped the server.
 */
export class ProcessTree {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** The first process hears it first: it starts no other when one of its own is gone. */
  signal(signal: NodeJS.Signals): void {
    if (!this.isRunning) return;
    for (const pid of this.#pids()) signalProcess(pid, signal);
  }

  /** By SIGKILL all of them are told, by another signal the first one, which ends the others. Resolves when all are gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return;
    const closed = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    const pids = this.#pids();
    if (signal === 'SIGKILL') this.signal(signal);
    else this.#child.kill(signal);
    await closed;
    await until('its processes are gone', () => pids.every((pid) => !isThere(pid)));
  }

  #pids(): number[] {
    const { pid } = this.#child;
    return pid === undefined ? [] : withDescendants(pid);
  }
}

/** Where the system does not tell them, the process alone. */
function withDescendants(pid: number): number[] {
  let children = '';
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  } catch {
    // It has ended, or this is no Linux.
  }
  return [pid, ...children.split(' ').filter(Boolean).map(Number).flatMap(withDescendants)];
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
