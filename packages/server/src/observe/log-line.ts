export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What a line says beside its message. Never a payload, a header's value or the text of a branch's answer. */
export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** One line for a person: local time, level, message, then what else is known. */
export function readableLine(at: Date, level: LogLevel, message: string, facts: LogFacts): string {
  const pairs = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : ` ${name}=${typeof value === 'string' ? quoted(value) : value}`,
  );
  return `${timeOf(at)} ${level.toUpperCase().padEnd(5)} ${oneLine(message)}${pairs.join('')}\n`;
}

function timeOf(at: Date): string {
  const [hours, minutes, seconds] = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${hours}:${minutes}:${seconds}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function quoted(value: string): string {
  return /^[\w.:/@%+-]+$/.test(value) ? value : escaped(JSON.stringify(value));
}

function oneLine(text: string): string {
  return escaped(text.replaceAll('\n', '\\n'));
}

/** Text of a client must neither begin a new line nor control the terminal. */
function escaped(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
