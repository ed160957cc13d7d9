/** `npm run bench:overload`: what the coordinator does when twice as much is asked of it as it can take. */
import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { installCompiled } from '../compiled.ts';
import { describeMachine } from '../machine.ts';
import { readOptions, usage } from './options.ts';
import { measureQuick, measureSlow } from './overload.ts';
import { asMarkdown } from './report.ts';

await runCommand({
  usage,
  read: readOptions,
  measure: async (options, folder, progress) => {
    const machine = describeMachine(folder);
    progress('compiling');
    const cli = installCompiled(join(folder, 'installed', 'node_modules'));
    const quick = await measureQuick(cli, join(folder, 'quick'), options, progress);
    const slow = await measureSlow(cli, join(folder, 'slow'), options, quick.mostPerSecond, progress);
    return asMarkdown(options, machine, quick, slow);
  },
});
