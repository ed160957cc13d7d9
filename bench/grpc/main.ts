/** `npm run bench:grpc`: the same saga over gRPC, in and out, beside HTTP. */
import { provideOther } from '../against.ts';
import { runCommand } from '../command.ts';
import { describeMachine } from '../machine.ts';
import { compare } from './compare.ts';
import { readOptions, usage } from './options.ts';
import { asMarkdown } from './report.ts';

await runCommand({
  usage,
  read: readOptions,
  measure: async (options, folder, progress) => {
    const other = options.against === undefined ? undefined : provideOther(options.against, folder);
    return asMarkdown(options, describeMachine(folder), await compare(options, folder, other, progress));
  },
});
