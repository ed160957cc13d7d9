/** One thing that is wrong with the settings. */
export interface Problem {
  /** Where it was given: `holdfast.yaml:3`, `HOLDFAST_HTTP_PORT`, `--http-port`. */
  readonly origin: string;
  /** The setting or section, or what was written where one was expected; empty where it is about the origin itself. */
  readonly name: string;
  /** What is wrong, what is allowed, and what was probably meant. */
  readonly text: string;
}

/** The settings stop the start: all that is wrong with them at once. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ origin, name, text }) => `  ${[origin, name].filter(Boolean).join(': ')}: ${text}`);
    const head = problems.length === 1 ? 'a setting is not valid' : `${problems.length} settings are not valid`;
    super([head, ...lines].join('\n'));
    this.problems = problems;
  }
}

/** What somebody wrote, short enough to be shown. */
export function shown(value: unknown): string {
  const written = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return written.length > 60 ? `${written.slice(0, 57)}...` : written;
}
