import type { Command } from 'commander';
import { UsageError } from './error.ts';

/**
 * For a command whose parts are commands, one of which is meant where none is named: a word that names none is not taken
 * for an argument of that one.
 */
export function namesItsCommands(group: Command): Command {
  return group.hook('preSubcommand', ({ args: [word = ''], commands }, chosen) => {
    if (word === '' || word.startsWith('-') || chosen.name() === word) return;
    const names = commands.map((command) => command.name()).join(', ');
    throw new UsageError(`unknown command '${group.name()} ${word}'. The commands of ${group.name()} are ${names}.`);
  });
}
