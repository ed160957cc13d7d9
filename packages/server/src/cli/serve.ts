import type { Problem } from '../config/error.ts';
import type { Settings } from '../config/schema.ts';
import { logSettings, type Running, type ServeOptions, serve } from '../main.ts';
import { createLog, type Log } from '../observe/log.ts';
import { exitCodes } from './error.ts';

/** Ctrl-C reaches a process several times: from the terminal, from npm and from a wrapper that hands signals on. */
const sameSignalMs = 500;
const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface UntilStopped extends Pick<ServeOptions, 'development' | 'startedMs'> {
  /** What is logged of the settings first. */
  readonly notes?: readonly Problem[];
}

/**
 * Serves until a signal asks it to stop; then drains and ends the process with 0. A second signal ends it at once. What
 * must not happen (a lost store, an error nobody caught) ends it with 1: nothing is acknowledged after that, and the
 * next start takes up what was in flight.
 */
export async function serveUntilStopped(
  settings: Settings,
  { notes = [], ...options }: UntilStopped = {},
): Promise<void> {
  const log = createLog(logSettings(settings));
  for (const { origin, name, text } of notes) log.warn(`${origin}: ${name}: ${text}`);
  // Whoever read what is said here may be gone, as in `holdfast serve | head -1`: that is no reason to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.on('uncaughtException', (error) => endBroken(log, 'an error that nobody caught: the process ends', error));
  process.on('unhandledRejection', (error) =>
    endBroken(log, 'a rejection that nobody handled: the process ends', error),
  );
  let running: Running | undefined;
  let stoppingSinceMs: number | undefined;
  for (const signal of stopSignals) {
    process.on(signal, () => {
      if (stoppingSinceMs === undefined) {
        stoppingSinceMs = performance.now();
        console.log(`holdfast: ${signal}, stopping; once more ends it at once`);
        log.info('stopping', { signal });
        // During the start there is nothing to drain: whatever it had begun is taken up by the next one.
        if (running === undefined) endAtOnce(log, exitCodes.done);
        else stop(running, log);
      } else if (performance.now() - stoppingSinceMs > sameSignalMs) {
        console.log(`holdfast: ${signal} again, ending now; what was in flight is taken up by the next start`);
        endAtOnce(log, exitCodes.failed);
      }
    });
  }
  running = await serve(settings, {
    ...options,
    log,
    fatal: () => process.exit(exitCodes.failed),
    say: (line) => console.log(line),
  });
}

function stop(running: Running, log: Log): void {
  running.stop().then(
    () => {
      console.log('holdfast: stopped');
      endAtOnce(log, exitCodes.done);
    },
    (error: unknown) => endBroken(log, 'stopping failed', error),
  );
}

function endBroken(log: Log, what: string, error: unknown): void {
  log.error(what, {}, error);
  endAtOnce(log, exitCodes.failed);
}

function endAtOnce(log: Log, code: number): void {
  log.flush();
  process.exit(code);
}
