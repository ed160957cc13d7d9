import type { Command } from 'commander';
import { CommandError, exitCodes } from './error.ts';

/** Commands on files, without a coordinator. */
export function addDataCommands(holdfast: Command): void {
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
}
