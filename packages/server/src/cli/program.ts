import { inspect } from 'node:util';
import { Command, CommanderError, Option } from 'commander';
import { localFaultOf, shortageOf } from '../caller/local-fault.ts';
import { SettingsError } from '../config/error.ts';
import { readVersion } from '../config/version.ts';
import { addClockCommands } from './clock-commands.ts';
import { addDataCommands } from './data-commands.ts';
import { CommandError, exitCodes, UsageError } from './error.ts';
import { coordinatorAt, type Flags, load, tell, withCoordinator, withSettings } from './flags.ts';
import { namesItsCommands } from './group.ts';
import { askHealth, healthTimeoutSeconds } from './health.ts';
import { endWith } from './last-words.ts';
import type { NodesOptions } from './nodes.ts';
import type { ListOptions, Output } from './operate.ts';
import { endWhereOutputFails, outputWritten, type WatchedOutput } from './output.ts';
import type { RollbackOptions } from './rollback.ts';
import { settingLines } from './settings.ts';

const examples = `
Examples:
  holdfast serve                          on 127.0.0.1:36789, data in ./data
  holdfast serve -c holdfast.yaml         with settings from a file
  HOLDFAST_HTTP_PORT=8080 holdfast serve  with a setting from the environment
  holdfast list --incidents               what waits for a decision, or fails again and again
  holdfast show order-17                  what happened to a transaction, what comes next and why
  holdfast dev --clock manual             for tests that do not sleep (docs/development-mode.md)
  holdfast backup                         copies the data of the running coordinator
  holdfast check data                     says what is in a data folder, and whether it is whole

Exit codes: 0 done; 1 failed, stderr says why; 2 wrong usage or settings, nothing was done.
Every setting is described in docs/configuration.md, every command in docs/command-line.md.`;

/** These serve: whoever reads their output may go, and they go on. */
const services: ReadonlySet<string> = new Set(['serve', 'dev']);

/** Runs the command line. Returns when the command is done, or for `serve` once it serves; ends the process where it failed. */
export async function run(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const output = endWhereOutputFails();
  // Whatever this process makes (data, backups) holds payloads: it is for its own user alone, whatever the shell says.
  process.umask(0o077);
  try {
    await program(environment, output).parseAsync(argv);
  } catch (error) {
    const { code, text } = report(error);
    if (code === exitCodes.done) await outputWritten();
    endWith(code, text);
  }
}

function program(environment: NodeJS.ProcessEnv, output: WatchedOutput): Command {
  const holdfast = new Command('holdfast')
    .description('A distributed transaction coordinator: sagas, two-phase messages, TCC, XA and workflows.')
    .version(readVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('(holdfast --help lists the commands)')
    .addHelpText('after', examples)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'holdfast: ')) })
    .exitOverride()
    .hook('preAction', (_, command) => {
      if (services.has(command.name())) output.unwatch();
    });
  addServices(holdfast, environment);
  addOperatorCommands(holdfast, environment);
  addClockCommands(holdfast, environment);
  addDataCommands(holdfast, environment);
  addInformation(holdfast, environment);
  return holdfast;
}

function addServices(holdfast: Command, environment: NodeJS.ProcessEnv): void {
  const serve = holdfast.command('serve').description('start the coordinator').copyInheritedSettings(holdfast);
  withSettings(serve).action(async (flags: Flags) => {
    const { loaded, notes } = load(flags, environment);
    const { serveUntilStopped } = await import('./serve.ts');
    await serveUntilStopped(loaded, { notes, startedMs: 0 });
  });
  const dev = holdfast
    .command('dev')
    .description('start a coordinator for tests: the test moves the clock, and makes calls fail')
    .copyInheritedSettings(holdfast)
    .addOption(new Option('--clock <clock>', 'the clock for transactions').choices(['manual']).default('manual'));
  const texts = {
    dataDir: 'The folder of the embedded store (default: a temporary folder, which is removed at the end)',
    'http.host': 'The address HTTP listens on, loopback only (default 127.0.0.1)',
  };
  withSettings(dev, texts).action(async (flags: Flags) => {
    const given = load(flags, environment);
    tell(given.notes);
    const { developUntilStopped } = await import('./dev.ts');
    await developUntilStopped(given);
  });
}

/** Commands that ask the coordinator that runs. */
function addOperatorCommands(holdfast: Command, environment: NodeJS.ProcessEnv): void {
  const operator = (parent: Command, usage: string, description: string, isDefault = false) =>
    withCoordinator(parent.command(usage, { isDefault }).description(description).copyInheritedSettings(holdfast));
  const operate = () => import('./operate.ts');
  const at = (flags: object) => coordinatorAt(flags, environment);
  operator(holdfast, 'backup', 'copy the data of the running coordinator, and print where the copy is')
    .option('--to <folder>', "a folder of the coordinator's machine (default: backups in its data folder)")
    .option('--keep <number>', 'keep this many backups there, the new one included; remove the oldest')
    .action(async (flags: Flags) => {
      const { backUp } = await import('./backup.ts');
      await backUp(at(flags), flags);
    });
  const health = holdfast
    .command('health')
    .description('ask the coordinator whether it is alive: exit code 0, else 1')
    .option('--ready', 'ask whether it can serve requests')
    .copyInheritedSettings(holdfast);
  withCoordinator(health, healthTimeoutSeconds).action(async (flags: object) => askHealth(at(flags), flags));
  operator(holdfast, 'show <gid>', 'show one transaction: what happened, what comes next and why')
    .option('--json', 'print JSON, for programs')
    .action(async (gid: string, flags: Output) => (await operate()).show(at(flags), gid, flags));
  operator(holdfast, 'list', 'list transactions, the newest first')
    .option('--status <status>', 'only prepared, submitted, aborting, succeed or failed ones')
    .option('--type <type>', 'only one type: saga, msg, tcc, xa or workflow')
    .option('--prefix <gid>', 'only those whose gid begins with this')
    .option('--incidents', 'only those that wait for a decision, or fail again and again')
    .option('--limit <number>', 'at most this many', '100')
    .option('--json', 'print one JSON object a line, for programs')
    .action(async (flags: ListOptions) => (await operate()).list(at(flags), flags));
  operator(holdfast, 'destinations', 'list the services that are called, and the calls that hold their places')
    .option('--json', 'print JSON, for programs')
    .action(async (flags: Output) => {
      const { showDestinations } = await import('./destinations.ts');
      await showDestinations(at(flags), flags);
    });
  operator(holdfast, 'nodes', 'list the coordinators on the same store')
    .option('--drain <id>', 'ask this one to take nothing new and to hand over what it drives')
    .option('--json', 'print JSON, for programs')
    .action(async (flags: NodesOptions) => {
      const { showNodes } = await import('./nodes.ts');
      await showNodes(at(flags), flags);
    });
  operator(holdfast, 'retry <gid>', 'make a waiting transaction go on now').action(async (gid: string, flags: object) =>
    (await operate()).retry(at(flags), gid),
  );
  operator(holdfast, 'rollback <gid>', 'roll back a submitted saga: every branch that may have run is compensated')
    .option('--reason <text>', 'why; it is stored with the transaction')
    .option(
      '--do-not-wait',
      'cut the calls that are out instead of waiting: their actions may still run, a barrier is needed',
    )
    .option('-y, --yes', 'do not ask for confirmation of --do-not-wait')
    .action(async (gid: string, flags: RollbackOptions) => {
      const { rollback } = await import('./rollback.ts');
      await rollback(at(flags), gid, flags);
    });
  operator(holdfast, 'stop <gid>', 'end a transaction as failed, without calling any branch').action(
    async (gid: string, flags: object) => (await operate()).stop(at(flags), gid),
  );
  const topics = namesItsCommands(holdfast.command('topics'))
    .description('list, change and delete topics (without a command: list them)')
    .copyInheritedSettings(holdfast)
    .helpCommand(false);
  operator(topics, 'list', 'list topics with their subscribers', true)
    .option('--json', 'print one JSON object a line, for programs')
    .action(async (flags: Output) => (await operate()).listTopics(at(flags), flags));
  operator(topics, 'subscribe <topic> <url>', 'send the messages of a topic to this URL, too')
    .option('--remark <text>', 'a note for people', '')
    .action(async (topic: string, url: string, flags: { remark: string }) =>
      (await operate()).subscribe(at(flags), topic, url, flags.remark),
    );
  operator(topics, 'unsubscribe <topic> <url>', 'stop sending the messages of a topic to this URL').action(
    async (topic: string, url: string, flags: object) => (await operate()).unsubscribe(at(flags), topic, url),
  );
  operator(topics, 'delete <topic>', 'delete a topic; messages to it are refused afterwards').action(
    async (topic: string, flags: object) => (await operate()).deleteTopic(at(flags), topic),
  );
}

/** Commands that need no coordinator. */
function addInformation(holdfast: Command, environment: NodeJS.ProcessEnv): void {
  const config = holdfast
    .command('config')
    .description('print all settings and where each comes from, as a file for -c; secrets are left out')
    .copyInheritedSettings(holdfast);
  withSettings(config).action((flags: Flags) => {
    const { loaded, origins, notes } = load(flags, environment);
    tell(notes);
    for (const line of settingLines(loaded, origins)) console.log(line);
  });
  holdfast
    .command('version')
    .description('print the version')
    .copyInheritedSettings(holdfast)
    .action(() => console.log(readVersion()));
  holdfast
    .command('help [command...]')
    .description('print the help of a command')
    .copyInheritedSettings(holdfast)
    .action((names: readonly string[]) => {
      let about = holdfast;
      for (const name of names) {
        const found = about.commands.find((command) => command.name() === name);
        if (found === undefined)
          throw new UsageError(`unknown command '${name}'\n(holdfast --help lists the commands)`);
        about = found;
      }
      about.outputHelp();
    });
}

const howToRaise = 'Raise the limit of open files: ulimit -n, LimitNOFILE of systemd, --ulimit nofile of Docker.';

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
  if (error instanceof CommandError) {
    const code = error instanceof UsageError ? exitCodes.badSettings : exitCodes.failed;
    return { code, text: `holdfast: ${error.message}` };
  }
  const code = localFaultOf(error);
  if (code !== undefined) {
    const what = `holdfast: ${shortageOf(code)}: ${error instanceof Error ? error.message : error}`;
    return { code: exitCodes.failed, text: code === 'EMFILE' ? `${what}\n${howToRaise}` : what };
  }
  return { code: exitCodes.failed, text: `holdfast: internal error ${inspect(error)}` };
}
