import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file a port, which holds the number of the process that chose it: a server may start on it long after. */
const folder = join(tmpdir(), 'holdfast-ports');
const chosen = new Set<number>();

process.on('exit', () => {
  for (const port of chosen) rmSync(fileOf(port), { force: true });
});

/**
 * A port of the loopback address that nobody listens on, for what is to start on it later, or again, or never. It is
 * below those the system gives out by itself (from 32768 on Linux), and no other test process chooses it while this one
 * runs: no connection and no server takes it in between.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    if (choose(port) && (await isFree(port))) return port;
  }
}

function choose(port: number): boolean {
  if (chosen.has(port)) return false;
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(fileOf(port), String(process.pid), { flag: 'wx' });
    chosen.add(port);
    return true;
  } catch {
    if (!isOfLiving(port)) rmSync(fileOf(port), { force: true });
    return false;
  }
}

/** Whoever was killed has left its files behind. */
function isOfLiving(port: number): boolean {
  try {
    const pid = Number(readFileSync(fileOf(port), 'utf8'));
    // Chosen just now, and not yet written.
    return pid === 0 || process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

const fileOf = (port: number) => join(folder, String(port));

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
