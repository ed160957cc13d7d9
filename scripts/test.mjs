// npm test: installs what is missing, then everything: types, lint, units, and the tests that cross packages.
import { installWhatIsMissing, runWithRuntime } from './lib/runtime.mjs';

await installWhatIsMissing();
runWithRuntime(['scripts/check.ts', '--everything', ...process.argv.slice(2)]);
