import { isNumbers, type Numbers } from './numbers.ts';

export type Commands = Readonly<Record<string, (input: Numbers) => Numbers | Promise<Numbers>>>;

/** A request of the main process, over the channel that fork() opens. */
interface Request {
  readonly command: string;
  readonly input: Numbers;
}

/**
 * The life of a process of the bench: says `ready`, answers commands one by one, and ends with the main process. An
 * error ends it at once: its figures would mean nothing.
 */
export function serveCommands(commands: Commands, ready: Numbers): void {
  process.on('message', (message) => {
    if (!isRequest(message)) throw new Error('the main process sent what is no command');
    void answer(commands, message);
  });
  // Who has something to close listens too, and ends by itself.
  process.on('disconnect', () => {
    if (process.listenerCount('disconnect') === 1) process.exit(0);
  });
  process.send?.(ready);
}

async function answer(commands: Commands, { command, input }: Request): Promise<void> {
  const run = commands[command];
  if (run === undefined) throw new Error(`there is no command ${command}`);
  process.send?.(await run(input));
}

function isRequest(value: unknown): value is Request {
  if (typeof value !== 'object' || value === null || !('command' in value) || !('input' in value)) return false;
  return typeof value.command === 'string' && isNumbers(value.input);
}

/** User and system time of all threads of this process, in microseconds. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Of the thread with the event loop alone, in microseconds: what limits a process that has processors enough. */
export function loopCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
