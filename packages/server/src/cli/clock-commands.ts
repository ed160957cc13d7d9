import type { Command } from 'commander';
import type { SetBackOptions } from './clock.ts';
import { coordinatorAt, type Flags, load, withCoordinator } from './flags.ts';
import { namesItsCommands } from './group.ts';
import type { Output } from './operate.ts';

/** `holdfast clock`: of the coordinator that runs, and of a store whose coordinator is stopped. */
export function addClockCommands(holdfast: Command, environment: NodeJS.ProcessEnv): void {
  const commands = () => import('./clock.ts');
  const clock = namesItsCommands(holdfast.command('clock'))
    .description('show the time of the coordinator and the clock of its machine, and put them right')
    .copyInheritedSettings(holdfast)
    .helpCommand(false);
  const command = (usage: string, description: string, isDefault = false) =>
    clock.command(usage, { isDefault }).description(description).copyInheritedSettings(clock);
  withCoordinator(
    command('show', 'show the time of the coordinator, and a jump of the clock that is not accepted yet', true),
  )
    .option('--json', 'print JSON, for programs')
    .action(async (flags: Output) => (await commands()).showClock(coordinatorAt(flags, environment), flags));
  withCoordinator(command('accept', 'accept a clock that has jumped: time follows it')).action(async (flags: object) =>
    (await commands()).acceptClock(coordinatorAt(flags, environment)),
  );
  command('set-back', 'with the coordinator stopped: correct a stored time that is ahead, and what was written then')
    .option('-c, --config <file>', 'read settings from a YAML file')
    .option('--data-dir <value>', 'the data folder')
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (flags: Flags & SetBackOptions) =>
      (await commands()).setClockBack(load(flags, environment).loaded, flags),
    );
}
