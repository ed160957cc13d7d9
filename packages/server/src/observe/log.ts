import { pino, stdTimeFunctions } from 'pino';
import { LineWriter } from './line-writer.ts';
import { type LogFacts, type LogLevel, logLevels, readableLine } from './log-line.ts';

export interface Log {
  /** Whether debug lines are written: ask before gathering facts on a hot path. */
  readonly isDebug: boolean;
  debug(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts, error?: unknown): void;
  error(message: string, facts?: LogFacts, error?: unknown): void;
  /** How many lines could not be written, so far. */
  readonly lostLines: number;
}

export interface LogSettings {
  readonly level: LogLevel;
  /** Lines for people instead of JSON. Usually: whether stderr is a terminal. */
  readonly isReadable: boolean;
}

/** Where lines go. */
export interface LogSink extends Pick<LineWriter, 'write'>, Partial<Pick<LineWriter, 'lostLines' | 'tellsLoss'>> {}

/**
 * A log on stderr: one JSON object a line, or one readable line. Standard output stays for what a command prints.
 * Writing never blocks: lines that nobody takes are lost, counted and told.
 */
export function createLog(settings: LogSettings, sink: LogSink = new LineWriter({ fd: 2 })): Log {
  const format = settings.isReadable ? readableFormat : jsonFormat();
  const least = logLevels.indexOf(settings.level);
  const at = (level: LogLevel) => (message: string, facts?: LogFacts, error?: unknown) => {
    if (logLevels.indexOf(level) >= least) sink.write(format(level, message, facts ?? {}, error));
  };
  sink.tellsLoss?.((lines) => format('warn', 'lines of the log are missing here', { lines }, undefined));
  return {
    isDebug: least === 0,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    get lostLines() {
      return sink.lostLines ?? 0;
    },
  };
}

type Format = (level: LogLevel, message: string, facts: LogFacts, error: unknown) => string;

function jsonFormat(): Format {
  let written = '';
  const logger = pino(
    {
      level: 'debug',
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (line) => {
        written = line;
      },
    },
  );
  return (level, message, facts, error) => {
    logger[level](error === undefined ? facts : { ...facts, error: describe(error) }, message);
    return written;
  };
}

function readableFormat(level: LogLevel, message: string, facts: LogFacts, error: unknown): string {
  const all = error === undefined ? facts : { ...facts, error: describe(error).message };
  return readableLine(new Date(), level, message, all);
}

/** An error with its causes, as text. */
export function describe(error: unknown): { message: string; stack?: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const causes: string[] = [error.message];
  for (let cause = error.cause; cause !== undefined && causes.length < 5; ) {
    const text = cause instanceof Error ? cause.message : String(cause);
    // An error that passes on what another one said says it once.
    if (!causes.at(-1)?.includes(text)) causes.push(text);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return { message: causes.join(': '), ...(error.stack === undefined ? {} : { stack: error.stack }) };
}
