import { Worker } from 'node:worker_threads';
import { StoreError } from '../../store.ts';
import type { WriteGate } from '../write-gate.ts';
import type { Answer, Ask, JobName, Reply } from './jobs.ts';

export interface WorkerClientParts {
  readonly script: URL;
  readonly path: string;
  readonly gate: WriteGate;
  /** The worker met an I/O error or a damaged file. */
  readonly damaged: (error: StoreError) => void;
}

/**
 * The event loop's side of the worker thread: one job at a time, in the order asked for. A worker that dies fails the
 * job it had; the next job starts a new one. It keeps the process alive only while it has a job.
 */
export class WorkerClient {
  readonly #parts: WorkerClientParts;
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: WorkerClientParts) {
    this.#parts = parts;
  }

  /** Starts the thread ahead of its first job. */
  start(): void {
    this.#worker ??= this.#startWorker();
  }

  read<K extends JobName>(name: K, ask: Ask<K>): Promise<Answer<K>> {
    return this.#inTurn(() => this.#send(name, ask));
  }

  /** A job that writes: no commit begins while it runs. */
  write<K extends JobName>(name: K, ask: Ask<K>): Promise<Answer<K>> {
    return this.#inTurn(() => this.#parts.gate.hold(() => this.#send(name, ask)));
  }

  /** Waits for the jobs asked for so far. */
  async close(): Promise<void> {
    await this.#last;
    const worker = this.#worker;
    if (worker === undefined) return;
    worker.ref();
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      worker.postMessage(null);
    });
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#last.then(job);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #startWorker(): Worker {
    const { script, path } = this.#parts;
    const worker = new Worker(script, { workerData: { path } });
    worker.unref();
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    // Who has a job there hears of it; without one the next job starts a new worker.
    worker.on('error', () => undefined);
    return worker;
  }

  #send<K extends JobName>(name: K, ask: Ask<K>): Promise<Answer<K>> {
    this.#worker ??= this.#startWorker();
    const worker = this.#worker;
    worker.ref();
    return new Promise((resolve, reject) => {
      let why: unknown;
      const end = () => {
        worker.off('message', answered).off('error', failed).off('exit', exited);
        worker.unref();
      };
      const answered = (reply: Reply<K>) => {
        end();
        if (reply.kind === 'answer') resolve(reply.answer);
        else reject(this.#refused(reply));
      };
      const failed = (error: unknown) => {
        why = error;
      };
      const exited = (code: number) => {
        end();
        const reason = why instanceof Error ? `: ${why.message}` : '';
        const message = `the store's worker thread ended during "${name}" (exit code ${code})${reason}; the next one starts anew`;
        reject(new StoreError('unknown-outcome', message, { cause: why }));
      };
      worker.on('message', answered).on('error', failed).on('exit', exited);
      worker.postMessage({ name, ask });
    });
  }

  #refused({ code, message, isLost }: Extract<Reply<JobName>, { kind: 'error' }>): StoreError {
    const error = new StoreError(code, message);
    if (isLost) this.#parts.damaged(error);
    return error;
  }
}
