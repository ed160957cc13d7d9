/** `npm run build`: compiles what is published, core and server, into their `dist` folders. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const packages = ['packages/core', 'packages/server'];

// What a deleted source left behind would be published.
for (const path of packages) rmSync(join(root, path, 'dist'), { recursive: true, force: true });
const tsc = join(root, 'node_modules', '.bin', 'tsc');
const { status, error } = spawnSync(tsc, ['-b', ...packages], { cwd: root, stdio: 'inherit' });
if (error !== undefined) throw error;
if (status !== 0) process.exit(status ?? 1);
console.log(`holdfast: compiled ${packages.join(' and ')}; start it with node packages/server/bin/holdfast.mjs serve`);
