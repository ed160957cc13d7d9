import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { isNumbers, type Numbers } from './numbers.ts';

const answerLimitMs = 60_000;
/** Filling a store with a million transactions takes its time. */
const startLimitMs = 600_000;

/** Another process of the bench, seen from the main one: one command at a time, each answered with numbers. */
export class Worker {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ready: Promise<Numbers>;

  /**
   * @param file a module of the bench that calls `serveCommands`
   * @param root of the project whose bench it is
   */
  constructor(file: string, args: readonly string[] = [], root = join(import.meta.dirname, '..')) {
    this.#name = [file, ...args].join(' ');
    this.#child = fork(join(root, 'bench', file), [...args], {
      execArgv: ['--conditions=source'],
      serialization: 'advanced',
      // Standard output belongs to the table.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#ready = this.#answer('start', startLimitMs);
    // Told to whoever asks it next: that it ended early is no unhandled rejection.
    this.#ready.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it said when it could take commands. */
  ready(): Promise<Numbers> {
    return this.#ready;
  }

  /** @throws Error where it ended or does not answer in time */
  async ask(command: string, input: Numbers = {}, limitMs = answerLimitMs): Promise<Numbers> {
    await this.#ready;
    if (!this.#child.connected) throw new Error(`${this.#name} has ended before ${command}; its error is above`);
    const answered = this.#answer(command, limitMs);
    // A channel that breaks now means that the process ends, which the answer is told.
    this.#child.send({ command, input }, () => undefined);
    return answered;
  }

  /** kill -9: what it has open stays as it is. */
  async kill(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    if (this.#child.kill('SIGKILL')) await gone;
  }

  /** Ends with the channel, having closed what it has open. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    if (this.#child.connected) this.#child.disconnect();
    await gone;
  }

  #answer(command: string, limitMs: number): Promise<Numbers> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(limit);
        this.#child.off('message', onMessage);
        this.#child.off('exit', onExit);
        end();
      };
      const onMessage = (message: unknown) => {
        settle(() => (isNumbers(message) ? resolve(message) : reject(new Error(`${this.#name} answered no numbers`))));
      };
      const onExit = (code: number | null) => {
        settle(() => reject(new Error(`${this.#name} ended with ${code} during ${command}; its error is above`)));
      };
      const limit = setTimeout(() => {
        settle(() => reject(new Error(`${this.#name} did not answer ${command} within ${limitMs / 1000} s`)));
      }, limitMs);
      this.#child.on('message', onMessage);
      this.#child.on('exit', onExit);
    });
  }
}
