/**
 * Loaded before a program (`--import`): measures the turns of its event loop in CPU time of its main thread, so that it
 * does not count what else the machine does. At SIGUSR2 it prints the longest one since the last SIGUSR2.
 */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  let longestMs = 0;
  let last = process.threadCpuUsage();
  // A timer fires once in a turn: between two of them lie one long turn, or up to a millisecond of short ones.
  setInterval(() => {
    const now = process.threadCpuUsage();
    longestMs = Math.max(longestMs, (now.user + now.system - last.user - last.system) / 1000);
    last = now;
  }, 1).unref();
  process.on('SIGUSR2', () => {
    process.stderr.write(`longest turn: ${longestMs.toFixed(1)} ms\n`);
    longestMs = 0;
  });
}
