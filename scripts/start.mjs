// npm start [-- FLAGS]: installs what is missing, then runs the coordinator from its sources, in the foreground.
import { installWhatIsMissing, runWithRuntime } from './lib/runtime.mjs';

await installWhatIsMissing();
runWithRuntime(['packages/server/src/cli.ts', 'serve', ...process.argv.slice(2)]);
