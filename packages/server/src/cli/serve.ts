import { isatty } from 'node:tty';
import type { Problem } from '../config/error.ts';
import type { Settings } from '../config/schema.ts';
import { logSettings, type Running, type ServeOptions, serve } from '../main.ts';
import { LineWriter, writeOut } from '../observe/line-writer.ts';
import { createLog, type Log } from '../observe/log.ts';
import { exitCodes } from './error.ts';
import { lastWordsMs } from './last-words.ts';

/** Ctrl-C reaches a process several times: from the terminal, from npm and from a wrapper that hands signals on. */
const sameSignalMs = 500;
const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** How long closing the store may take, after drain and grace: a disk that does not answer must not keep the process. */
const closeMs = 5000;

/**
 * SIGHUP says that the terminal is gone. Node undoes what `nohup` has set before any of our code runs, but nohup leaves a
 * mark: no stream is a terminal any more. A process without one has none to lose, and goes on.
 */
const heedsHangUp = () => [0, 1, 2].some((fd) => isatty(fd));

export interface UntilStopped extends Pick<ServeOptions, 'development' | 'startedMs'> {
  /** What is logged of the settings first. */
  readonly notes?: readonly Problem[];
}

/** Prints a line for people, without waiting for whoever reads it. */
export type Say = (line: string) => void;

/**
 * Serves until a signal asks it to stop; then drains and ends the process with 0. A second signal ends it at once. What
 * must not happen (a lost store, an error nobody caught) ends it with 1: nothing is acknowledged after that, and the
 * next start takes up what was in flight.
 */
export async function serveUntilStopped(
  settings: Settings,
  { notes = [], ...options }: UntilStopped = {},
): Promise<Say> {
  const streams = { out: new LineWriter({ fd: 1 }), err: new LineWriter({ fd: 2 }) };
  const log = createLog(logSettings(settings), streams.err);
  const say: Say = (line) => streams.out.write(`${line}\n`);
  /** Whoever does not read what was said last does not keep the process, nor its lock. */
  const end = (code: number): never => {
    writeOut([streams.err, streams.out], lastWordsMs);
    process.exit(code);
  };
  /**
   * As if nobody had handled the signal. Unlike an exit this waits for no thread: one may wait for a disk that does not
   * answer.
   */
  const endBy = (signal: (typeof stopSignals)[number]): never => {
    writeOut([streams.err, streams.out], lastWordsMs);
    process.emit('exit', exitCodes.failed);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // The first process of a container is not ended by a signal of its own.
    return process.exit(exitCodes.failed);
  };
  const endBroken = (what: string, error: unknown): never => {
    log.error(what, {}, error);
    return end(exitCodes.failed);
  };
  tellNode(log, endBroken);
  for (const { origin, name, text } of notes) log.warn(`${origin}: ${name}: ${text}`);
  let running: Running | undefined;
  let stoppingSinceMs: number | undefined;
  const isOnTerminal = heedsHangUp();
  for (const signal of stopSignals) {
    process.on(signal, () => {
      if (signal === 'SIGHUP' && !isOnTerminal) {
        log.info('SIGHUP is ignored, because this process has no terminal. SIGTERM stops it');
        return;
      }
      if (stoppingSinceMs === undefined) {
        stoppingSinceMs = performance.now();
        say(`holdfast: ${signal}, stopping; a second signal ends it at once`);
        log.info('stopping', { signal });
        // During the start there is nothing to drain: whatever it had begun is taken up by the next one.
        if (running === undefined) end(exitCodes.done);
        else stop(running, signal);
      } else if (performance.now() - stoppingSinceMs > sameSignalMs) {
        say(`holdfast: ${signal} again, ending now; the next start goes on with what was under way`);
        endBy(signal);
      }
    });
  }
  const stop = (toStop: Running, signal: (typeof stopSignals)[number]) => {
    const { drainMs, graceMs } = settings.shutdown;
    setTimeout(
      () => {
        log.error('the store does not close: the process ends without it');
        endBy(signal);
      },
      drainMs + graceMs + closeMs,
    );
    toStop.stop().then(
      () => {
        say('holdfast: stopped');
        end(exitCodes.done);
      },
      (error: unknown) => endBroken('stopping failed', error),
    );
  };
  try {
    running = await serve(settings, { ...options, log, fatal: () => end(exitCodes.failed), say });
    return say;
  } finally {
    // Where it failed, what was logged comes before the reason.
    writeOut([streams.err, streams.out], 0);
  }
}

/** What Node would write on stderr itself, and wait for it, is said by the log. */
function tellNode(log: Log, endBroken: (what: string, error: unknown) => never): void {
  // Whoever read what is said here may be gone, as in `holdfast serve | head -1`: that is no reason to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.warn('Node warns', { warning: `${warning.name}: ${warning.message}` }));
  process.on('uncaughtException', (error) => endBroken('an uncaught error: the process ends', error));
  process.on('unhandledRejection', (error) => endBroken('an unhandled rejection: the process ends', error));
}
