import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** Beyond what a test has open. */
const limit = 256;

/** Runs something while this process can open no file and no socket. Linux only. */
export async function withoutDescriptors<Result>(action: () => Promise<Result>): Promise<Result> {
  const taken: number[] = [];
  do taken.push(openSync('/dev/null', 'r'));
  while ((taken.at(-1) ?? limit) < limit);
  const former = limits('--raw', '--noheadings', '--output=SOFT').trim();
  limits(`--nofile=${limit}:`);
  try {
    return await action();
  } finally {
    for (const fd of taken) closeSync(fd);
    limits(`--nofile=${former}:`);
  }
}

function limits(...options: readonly string[]): string {
  const which = options.some((option) => option.startsWith('--nofile')) ? [] : ['--nofile'];
  return execFileSync('prlimit', ['--pid', `${process.pid}`, ...which, ...options], { encoding: 'utf8' });
}
