import { Command, CommanderError } from 'commander';
import { SettingsError } from '../config/error.ts';
import { loadSettings } from '../config/load.ts';
import { type Settings, settings } from '../config/schema.ts';
import { allowedBy } from '../config/setting.ts';
import { readVersion } from '../config/version.ts';
import { CommandError, exitCodes } from './error.ts';

const examples = `
Examples:
  holdfast serve                          on 127.0.0.1:36789, data in ./data
  holdfast serve -c holdfast.yaml         with settings from a file
  HOLDFAST_HTTP_PORT=8080 holdfast serve  with a setting from the environment
  holdfast backup                         copies the data of the running coordinator

Every setting is described in docs/configuration.md.`;

/** Runs the command line. Returns when the command is done, or for `serve` once it serves; ends the process where it failed. */
export async function run(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  try {
    await program(environment).parseAsync(argv);
  } catch (error) {
    process.exit(report(error));
  }
}

function program(environment: NodeJS.ProcessEnv): Command {
  const holdfast = new Command('holdfast')
    .description('A distributed transaction coordinator: sagas, TCC and two-phase messages over HTTP.')
    .version(readVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('(holdfast --help says what there is)')
    .addHelpText('after', examples)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'holdfast: ')) })
    .exitOverride();
  const serve = holdfast.command('serve').description('start the coordinator').copyInheritedSettings(holdfast);
  withSettings(serve, ({ path }) => path !== '').action(async (flags: Flags) => {
    const loaded = load(flags, environment);
    const { serveUntilStopped } = await import('./serve.ts');
    await serveUntilStopped(loaded);
  });
  const backup = holdfast
    .command('backup')
    .description('copy the data of the running coordinator, and print where the copy is')
    .copyInheritedSettings(holdfast);
  withSettings(backup, ({ path }) => path.startsWith('http.')).action(async (flags: Flags) => {
    const { backUp } = await import('./backup.ts');
    await backUp(load(flags, environment).http);
  });
  return holdfast;
}

/** What commander hands over: the values of flags by their name in camel case. */
type Flags = Readonly<Record<string, string>>;

/** The flags of the common settings, as the schema describes them. */
function withSettings(command: Command, isWanted: (named: { path: string }) => boolean): Command {
  command.option('-c, --config <file>', 'read settings from a YAML file');
  for (const named of settings) {
    if (named.setting.flag !== true || !isWanted(named)) continue;
    const { flag, path, setting } = named;
    const [summary] = setting.description.split('. ');
    const hint = setting.kind === 'choice' ? `; ${allowedBy(setting, path)}` : '';
    command.option(
      `${flag} <${setting.kind === 'number' ? 'number' : 'value'}>`,
      `${summary?.replace(/\.$/, '')}${hint} (default ${setting.default})`,
    );
  }
  return command;
}

function load(flags: Flags, environment: NodeJS.ProcessEnv): Settings {
  const given: Record<string, string> = {};
  for (const { path, flag } of settings) {
    const value = flags[camelCase(flag)];
    if (value !== undefined) given[path] = value;
  }
  return loadSettings({ file: flags['config'], environment, flags: given });
}

/** `--http-port`: httpPort, as commander names it */
function camelCase(flag: string): string {
  return flag.slice(2).replace(/-[a-z]/g, (letter) => letter.slice(1).toUpperCase());
}

/** Says on stderr what people need to know. Programmer errors keep their stack. */
function report(error: unknown): number {
  // Commander has printed it: help and version end with 0, what it does not understand with 1.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.badSettings;
  if (error instanceof SettingsError) {
    console.error(`holdfast: ${error.message}\nNothing was done. Every setting is described in docs/configuration.md.`);
    return exitCodes.badSettings;
  }
  if (error instanceof CommandError) {
    console.error(`holdfast: ${error.message}`);
    return exitCodes.failed;
  }
  console.error('holdfast: internal error', error);
  return exitCodes.failed;
}
