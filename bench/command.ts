import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One command of the bench: what it takes, and what it prints. */
export interface Command<Options extends { readonly folder: string | undefined }> {
  readonly usage: string;
  /** Undefined: help was asked for. @throws Error about what is wrong */
  readonly read: (args: readonly string[]) => Options | undefined;
  /**
   * Measures, and answers with the report.
   * @param folder of this run alone, removed at its end
   * @param progress told what is going on
   */
  readonly measure: (options: Options, folder: string, progress: (text: string) => void) => Promise<string>;
}

/** The result goes to standard output, everything else to standard error. Ends with 2 where the options are wrong. */
export async function runCommand<Options extends { readonly folder: string | undefined }>(
  command: Command<Options>,
): Promise<void> {
  const options = readOrExit(command);
  const folder = mkdtempSync(join(options.folder ?? tmpdir(), 'holdfast-bench-'));
  try {
    console.log(await command.measure(options, folder, tell));
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readOrExit<Options extends { readonly folder: string | undefined }>({ usage, read }: Command<Options>) {
  try {
    const options = read(process.argv.slice(2));
    if (options !== undefined) return options;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}

function tell(text: string): void {
  console.error(`bench: ${text}`);
}
