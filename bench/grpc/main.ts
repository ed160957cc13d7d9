/** `npm run bench:grpc`: the same saga over gRPC, in and out, beside HTTP. */
import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { describeMachine } from '../machine.ts';
import { compare } from './compare.ts';
import { readOptions, usage } from './options.ts';
import { asMarkdown } from './report.ts';

await runCommand({
  usage,
  read: readOptions,
  measure: async (options, folder, progress) =>
    asMarkdown(options, describeMachine(folder), await compare(options, join(folder, 'data'), progress)),
});
