// Plain JavaScript for Node 20: it runs under whatever Node the machine has, and starts the one that is needed.
import { spawn } from 'node:child_process';

const handedOn = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * npm runs a command in a shell, and hands a signal to that alone: it dies without a word, and we get another parent. So
 * whoever npm runs ends with its parent. Without npm the parent may go: `holdfast serve &` is meant to stay. (On
 * Windows a process keeps the number of a parent that is gone: there nothing is noticed.)
 */
const parent = process.ppid;
const isOfNpm = process.env.npm_lifecycle_event !== undefined;
const isParentGone = () => isOfNpm && process.ppid !== parent;

/** Ends the process where nobody waits for it any more. */
export function endWithParent() {
  if (isParentGone()) process.exit(1);
}

/** Tells once when nobody waits for this process any more. @returns what ends the watch */
export function watchParent(onGone) {
  if (!isOfNpm) return () => undefined;
  const watch = setInterval(() => {
    if (!isParentGone()) return;
    clearInterval(watch);
    onGone();
  }, 250);
  watch.unref();
  return () => clearInterval(watch);
}

/** Hands the signals that end a process to somebody else. @returns what ends that */
export function handSignalsOn(tell) {
  const handlers = handedOn.map((signal) => [signal, () => tell(signal)]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

/** Where npm puts the Node of its package for this platform, from the folder `node_modules` on. */
export function packagedNode() {
  const windows = process.platform === 'win32';
  return {
    name: `node-${windows ? 'win' : process.platform}-${process.arch}`,
    program: windows ? 'bin/node.exe' : 'bin/node',
  };
}

/** Runs a Node program, hands signals on, and ends as it ends. Whoever kills this process with SIGKILL leaves the child behind. */
export function runUnder(runtime, args) {
  endWithParent();
  const child = spawn(runtime, args, { stdio: 'inherit' });
  let isTold = false;
  const tell = (signal) => {
    isTold = true;
    child.kill(signal);
  };
  const stopHanding = handSignalsOn(tell);
  watchParent(() => isTold || tell('SIGTERM'));
  child.on('error', (error) => {
    console.error(`holdfast: ${runtime} cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    // A child that a signal ended: end by the same one, so that whoever waits sees the same.
    if (signal === null) process.exit(code ?? 1);
    stopHanding();
    process.kill(process.pid, signal);
  });
}
