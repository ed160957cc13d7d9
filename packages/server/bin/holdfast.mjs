#!/usr/bin/env node
// The command `holdfast`, under whatever Node the machine has from 20 on. The coordinator needs Node 24: where this one is
// older, the one that npm has installed beside runs it.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagedNode, runUnder, watchParent } from './run-under.mjs';

const neededNode = 24;
const cli = new URL('../dist/cli.js', import.meta.url);

if (Number(process.versions.node.split('.')[0]) >= neededNode) {
  watchParent(() => process.kill(process.pid, 'SIGTERM'));
  await import(cli.href);
} else {
  const runtime = installedNode();
  if (runtime === undefined) {
    console.error(
      `holdfast: needs Node ${neededNode} or later; this is ${process.version} (${process.execPath}).\n` +
        `Install it, or let npm bring it: npm install ${packagedNode().name}@${neededNode}`,
    );
    process.exit(1);
  }
  runUnder(runtime, [fileURLToPath(cli), ...process.argv.slice(2)]);
}

/** Undefined: npm was told to leave out what is optional, or has none for this platform. */
function installedNode() {
  const { name, program } = packagedNode();
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    const path = join(folder, ...program.split('/'));
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
