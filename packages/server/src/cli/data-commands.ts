import type { Command } from 'commander';
import { CommandError, exitCodes } from './error.ts';
import { configFlag, type Flags, load, tell } from './flags.ts';
import type { MigrateOptions } from './migrate.ts';

/** Commands on what is stored, without a coordinator. */
export function addDataCommands(holdfast: Command, environment: NodeJS.ProcessEnv): void {
  holdfast
    .command('check <path>')
    .description('show what is in a data folder, a database or a backup, and whether it is whole; changes nothing')
    .copyInheritedSettings(holdfast)
    .option('--json', 'for programs')
    .addHelpText('after', '\nExit code: 0 it is whole; 1 it is not; 2 it could not be checked.')
    .action(async (path: string, flags: { json?: boolean }) => {
      const { check } = await import('./check.ts');
      try {
        process.exitCode = (await check(path, flags)) ? exitCodes.done : exitCodes.failed;
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        console.error(`holdfast: ${error.message}`);
        process.exitCode = exitCodes.badSettings;
      }
    });
  holdfast
    .command('restore <backup>')
    .description('make a data folder from a backup; needs no coordinator')
    .copyInheritedSettings(holdfast)
    .requiredOption('--to <folder>', 'the data folder to make: it must be empty, or not exist yet')
    .option('--accept-damage', 'restore also a backup that is not whole')
    .action(async (backup: string, flags: { to: string; acceptDamage?: boolean }) => {
      const { restore } = await import('./restore.ts');
      await restore(backup, flags);
    });
  holdfast
    .command('migrate')
    .description('change the tables of PostgreSQL or MySQL to what this version needs; a start does it, too')
    .copyInheritedSettings(holdfast)
    .option('--dry-run', 'print the SQL that would be run, for somebody else to run; it changes nothing')
    .option('--finish', 'remove what only earlier versions need, once none of them runs; they cannot start any more')
    .option(...configFlag)
    .action(async (flags: Flags & MigrateOptions) => {
      const { loaded, notes } = load(flags, environment, (path) => path.startsWith('store.'));
      tell(notes);
      const { migrate } = await import('./migrate.ts');
      await migrate(loaded, flags);
    });
}
