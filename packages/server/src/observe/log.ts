import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import { readableLine } from './readable.ts';

const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What a line says beside its message. Never a payload, a header's value or the text of a branch's answer. */
export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  /** Whether debug lines are written: ask before gathering facts on a hot path. */
  readonly isDebug: boolean;
  debug(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts, error?: unknown): void;
  error(message: string, facts?: LogFacts, error?: unknown): void;
  /** Writes out what is buffered, at once: before the process ends. */
  flush(): void;
}

export interface LogSettings {
  readonly level: LogLevel;
  /** Lines for people instead of JSON. Usually: whether stderr is a terminal. */
  readonly isReadable: boolean;
}

/** Where lines go; `flushSync` where they may be buffered. */
export interface LogSink {
  write(line: string): void;
  flushSync?(): void;
}

/** Beyond this many bytes that nobody takes, lines are dropped rather than memory filled. */
const bufferBytes = 8 * 1024 * 1024;

/**
 * A log on stderr: one JSON object a line, or one readable line. Standard output stays for what a command prints.
 * Writing never blocks: who reads the log slowly loses lines.
 */
export function createLog(settings: LogSettings, sink: LogSink = standardError()): Log {
  const write = settings.isReadable ? readableWriter(sink) : jsonWriter(sink);
  const least = logLevels.indexOf(settings.level);
  const at = (level: LogLevel) => (message: string, facts?: LogFacts, error?: unknown) => {
    if (logLevels.indexOf(level) >= least) write(level, message, facts ?? {}, error);
  };
  return {
    isDebug: least === 0,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    flush: () => sink.flushSync?.(),
  };
}

type Write = (level: LogLevel, message: string, facts: LogFacts, error: unknown) => void;

function jsonWriter(sink: DestinationStream): Write {
  const logger = pino(
    {
      level: 'debug',
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  return (level, message, facts, error) => {
    logger[level](error === undefined ? facts : { ...facts, error: describe(error) }, message);
  };
}

function readableWriter(sink: LogSink): Write {
  return (level, message, facts, error) => {
    const all = error === undefined ? facts : { ...facts, error: describe(error).message };
    sink.write(readableLine(new Date(), level, message, all));
  };
}

function standardError(): LogSink {
  return destination({ fd: 2, sync: false, maxLength: bufferBytes });
}

/** An error with its causes, as text. */
export function describe(error: unknown): { message: string; stack?: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const causes: string[] = [error.message];
  for (let cause = error.cause; cause !== undefined && causes.length < 5; ) {
    causes.push(cause instanceof Error ? cause.message : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return { message: causes.join(': '), ...(error.stack === undefined ? {} : { stack: error.stack }) };
}
