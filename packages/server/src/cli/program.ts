import { inspect } from 'node:util';
import { Command, CommanderError, Option } from 'commander';
import { type Problem, SettingsError } from '../config/error.ts';
import { type LoadedSettings, loadSettingsWithOrigins } from '../config/load.ts';
import { type Settings, settings } from '../config/schema.ts';
import { allowedBy } from '../config/setting.ts';
import { readVersion } from '../config/version.ts';
import type { SetBackOptions } from './clock.ts';
import { addDataCommands } from './data-commands.ts';
import { CommandError, exitCodes } from './error.ts';
import { endWith } from './last-words.ts';
import type { ListOptions, Output } from './operate.ts';
import type { RollbackOptions } from './rollback.ts';
import { settingLines } from './settings.ts';

const examples = `
Examples:
  holdfast serve                          on 127.0.0.1:36789, data in ./data
  holdfast serve -c holdfast.yaml         with settings from a file
  HOLDFAST_HTTP_PORT=8080 holdfast serve  with a setting from the environment
  holdfast list --incidents               what needs somebody
  holdfast show order-17                  what happened to a transaction, what comes next and why
  holdfast dev --clock manual             for tests that do not sleep (docs/development-mode.md)
  holdfast backup                         copies the data of the running coordinator

Every setting is described in docs/configuration.md.`;

/** Runs the command line. Returns when the command is done, or for `serve` once it serves; ends the process where it failed. */
export async function run(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  // Whatever this process makes (data, backups) holds payloads: it is for its own user alone, whatever the shell says.
  process.umask(0o077);
  try {
    await program(environment).parseAsync(argv);
  } catch (error) {
    const { code, text } = report(error);
    endWith(code, text);
  }
}

function program(environment: NodeJS.ProcessEnv): Command {
  const holdfast = new Command('holdfast')
    .description('A distributed transaction coordinator: sagas, two-phase messages, TCC, XA and workflows.')
    .version(readVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('(holdfast --help says what there is)')
    .addHelpText('after', examples)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'holdfast: ')) })
    .exitOverride();
  const serve = holdfast.command('serve').description('start the coordinator').copyInheritedSettings(holdfast);
  withSettings(serve, ({ path }) => path !== '').action(async (flags: Flags) => {
    const { loaded, notes } = loadWithOrigins(flags, environment);
    const { serveUntilStopped } = await import('./serve.ts');
    await serveUntilStopped(loaded, { notes });
  });
  const dev = holdfast
    .command('dev')
    .description('start a coordinator for tests: time is moved by hand, calls fail as asked')
    .copyInheritedSettings(holdfast)
    .addOption(new Option('--clock <clock>', 'whose time it is').choices(['manual']).default('manual'));
  withSettings(dev, ({ path }) => path !== '').action(async (flags: Flags) => {
    const given = loadWithOrigins(flags, environment);
    tell(given.notes);
    const { developUntilStopped } = await import('./dev.ts');
    await developUntilStopped(given);
  });
  const backup = holdfast
    .command('backup')
    .description('copy the data of the running coordinator, and print where the copy is')
    .option('--to <folder>', "a folder of the coordinator's machine (default: backups in its data folder)")
    .option('--keep <number>', 'keep so many backups there, this one included; remove the oldest')
    .copyInheritedSettings(holdfast);
  withSettings(backup, ({ path }) => path.startsWith('http.')).action(async (flags: Flags) => {
    const { backUp } = await import('./backup.ts');
    await backUp(load(flags, environment).http, flags);
  });
  addOperatorCommands(holdfast, environment);
  addDataCommands(holdfast);
  return holdfast;
}

/** Commands that ask the coordinator that runs. */
function addOperatorCommands(holdfast: Command, environment: NodeJS.ProcessEnv): void {
  const operator = (parent: Command, usage: string, description: string, isDefault = false) =>
    withSettings(
      parent.command(usage, { isDefault }).description(description).copyInheritedSettings(holdfast),
      ({ path }) => path.startsWith('http.'),
    );
  const operate = () => import('./operate.ts');
  const at = (flags: object) => load(flags as Flags, environment).http;
  operator(holdfast, 'show <gid>', 'tell all about one transaction: what happened, what comes next and why')
    .option('--json', 'for programs')
    .action(async (gid: string, flags: Output) => (await operate()).show(at(flags), gid, flags));
  operator(holdfast, 'list', 'list transactions, the newest first')
    .option('--status <status>', 'only those in this status')
    .option('--type <type>', 'only sagas, msgs, tccs, xas or workflows')
    .option('--prefix <gid>', 'only those whose gid begins so')
    .option('--incidents', 'only those that need somebody')
    .option('--limit <number>', 'at most so many', '100')
    .option('--json', 'one JSON object a line')
    .action(async (flags: ListOptions) => (await operate()).list(at(flags), flags));
  operator(holdfast, 'retry <gid>', 'make a transaction due now').action(async (gid: string, flags: object) =>
    (await operate()).retry(at(flags), gid),
  );
  operator(holdfast, 'rollback <gid>', 'roll back a saga that runs: what has run is compensated')
    .option('--reason <text>', 'why, for those who look at it later')
    .option('--do-not-wait', 'do not wait for calls that are out: their actions may still run, a barrier is needed')
    .option('-y, --yes', 'do not ask for confirmation of --do-not-wait')
    .action(async (gid: string, flags: RollbackOptions) => {
      const { rollback } = await import('./rollback.ts');
      await rollback(at(flags), gid, flags);
    });
  operator(holdfast, 'stop <gid>', 'end a transaction as failed, without telling any branch').action(
    async (gid: string, flags: object) => (await operate()).stop(at(flags), gid),
  );
  const topics = holdfast
    .command('topics')
    .description('list, change and delete topics')
    .copyInheritedSettings(holdfast)
    .helpCommand(false);
  operator(topics, 'list', 'list topics with their subscribers', true)
    .option('--json', 'one JSON object a line')
    .action(async (flags: Output) => (await operate()).listTopics(at(flags), flags));
  operator(topics, 'subscribe <topic> <url>', 'send messages to the topic also to this URL')
    .option('--remark <text>', 'for people', '')
    .action(async (topic: string, url: string, flags: { remark: string }) =>
      (await operate()).subscribe(at(flags), topic, url, flags.remark),
    );
  operator(topics, 'unsubscribe <topic> <url>', 'send messages to the topic no more to this URL').action(
    async (topic: string, url: string, flags: object) => (await operate()).unsubscribe(at(flags), topic, url),
  );
  operator(topics, 'delete <topic>', 'delete a topic: messages to it are refused').action(
    async (topic: string, flags: object) => (await operate()).deleteTopic(at(flags), topic),
  );
  const clock = holdfast
    .command('clock')
    .description('show the time of the coordinator beside the clock of its machine, or accept a clock that has jumped')
    .copyInheritedSettings(holdfast)
    .helpCommand(false);
  operator(clock, 'show', 'what time it is, and whether a jump of the clock is waited for', true)
    .option('--json', 'for programs')
    .action(async (flags: Output) => (await import('./clock.ts')).showClock(at(flags), flags));
  operator(clock, 'accept', 'the clock of the machine is right: time follows it now').action(async (flags: object) =>
    (await import('./clock.ts')).acceptClock(at(flags)),
  );
  const setBack = clock
    .command('set-back')
    .description('with the coordinator stopped: correct a stored time that is ahead, and what was written by it')
    .option('-y, --yes', 'do not ask for confirmation')
    .copyInheritedSettings(holdfast);
  withSettings(setBack, ({ path }) => path === 'dataDir').action(async (flags: Flags & SetBackOptions) =>
    (await import('./clock.ts')).setClockBack(load(flags, environment), flags),
  );
  const config = holdfast
    .command('config')
    .description('print the settings that are in force, and where each comes from')
    .copyInheritedSettings(holdfast);
  withSettings(config, ({ path }) => path !== '').action((flags: Flags) => {
    const { loaded, origins, notes } = loadWithOrigins(flags, environment);
    tell(notes);
    for (const line of settingLines(loaded, origins)) console.log(line);
  });
}

/** On stderr: what is printed stays for programs. */
function tell(notes: readonly Problem[]): void {
  for (const { origin, name, text } of notes) console.error(`holdfast: ${origin}: ${name}: ${text}`);
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
      `${summary?.replace(/\.$/, '')}${hint}${setting.default === '' ? '' : ` (default ${setting.default})`}`,
    );
  }
  return command;
}

function load(flags: Flags, environment: NodeJS.ProcessEnv): Settings {
  return loadWithOrigins(flags, environment).loaded;
}

function loadWithOrigins(flags: Flags, environment: NodeJS.ProcessEnv): LoadedSettings {
  const given: Record<string, string> = {};
  for (const { path, flag } of settings) {
    const value = flags[camelCase(flag)];
    if (value !== undefined) given[path] = value;
  }
  return loadSettingsWithOrigins({ file: flags['config'], environment, flags: given });
}

/** `--http-port`: httpPort, as commander names it */
function camelCase(flag: string): string {
  return flag.slice(2).replace(/-[a-z]/g, (letter) => letter.slice(1).toUpperCase());
}

/** How the process ends, and what people need to know. Programmer errors keep their stack. */
function report(error: unknown): { readonly code: number; readonly text: string } {
  // Commander has printed it: help and version end with 0, what it does not understand with 1.
  if (error instanceof CommanderError) {
    return { code: error.exitCode === 0 ? exitCodes.done : exitCodes.badSettings, text: '' };
  }
  if (error instanceof SettingsError) {
    const text = `holdfast: ${error.message}\nNothing was done. Every setting is described in docs/configuration.md.`;
    return { code: exitCodes.badSettings, text };
  }
  if (error instanceof CommandError) return { code: exitCodes.failed, text: `holdfast: ${error.message}` };
  return { code: exitCodes.failed, text: `holdfast: internal error ${inspect(error)}` };
}
