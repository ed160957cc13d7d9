#!/usr/bin/env node
/** The command `holdfast`. Only this file runs under whatever Node there is; the rest needs what it asks for. */
const neededNode = 24;

if (Number(process.versions.node.split('.')[0]) < neededNode) {
  console.error(`holdfast: needs Node ${neededNode} or later; this is ${process.version} (${process.execPath})`);
  process.exit(1);
}
const { run } = await import('./cli/program.ts');
await run(process.argv, process.env);
