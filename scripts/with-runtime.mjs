// with-runtime.mjs FILE [ARGS]: installs what is missing, then runs a TypeScript file of the project.
import { installWhatIsMissing, runWithRuntime } from './lib/runtime.mjs';

await installWhatIsMissing();
runWithRuntime(process.argv.slice(2));
