/** The command `holdfast`, under a Node that it can run on. */
import { run } from './cli/program.ts';

await run(process.argv, process.env);
