/** Beside a fuzz test, in a thread of its own: where an input hangs, it says which one, and ends the process. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

interface Watched {
  readonly name: string;
  /** The number of the input that is tried. */
  readonly current: Uint32Array;
  readonly hangSeconds: number;
}

const { name, current, hangSeconds }: Watched = workerData;
let seen = 0;
let seconds = 0;
setInterval(() => {
  const now = Atomics.load(current, 0);
  seconds = now === seen ? seconds + 1 : 0;
  seen = now;
  if (seconds < hangSeconds) return;
  writeSync(2, `${name}: input ${seen} has not ended after ${hangSeconds} s (HOLDFAST_FUZZ_FROM=${seen})\n`);
  process.kill(process.pid, 'SIGKILL');
}, 1000);
