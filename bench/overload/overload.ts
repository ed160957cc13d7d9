import { CompiledCoordinator, type Usage } from '../compiled.ts';
import { settleDisk } from '../machine.ts';
import { pause } from '../slice.ts';
import { median } from '../statistics.ts';
import { Worker } from '../worker.ts';
import type { OverloadOptions } from './options.ts';
import { type Look, look, type Window, windows } from './windows.ts';

/** Under overload and around it. */
export interface Phases {
  readonly calm: readonly Window[];
  readonly overload: readonly Window[];
  readonly after: readonly Window[];
  /** At the end. */
  readonly totals: Look;
  readonly memory: Usage;
  /** Of the journal: the disk stood still, and whatever the coordinator does then says little. */
  readonly slowCommits: number;
}

export interface Quick extends Phases {
  /** Sagas a second in a closed loop: what it can take. */
  readonly mostPerSecond: number;
  /** From the end of the overload until submits are answered as before, and until what was accepted has ended. */
  readonly answersSeconds: number;
  readonly drainedSeconds: number;
}

export interface Slow extends Phases {
  /** What the slots for calls to one origin allow, each of them busy all the time. */
  readonly mostPerSecond: number;
}

const closedLoopInFlight = 256;
const slowAnswerMs = 1000;
/** `destinations.originInFlight`, by default. */
const originSlots = 256;
/** Of what it can take: enough to see latencies, and room to catch up. */
const calmShare = 0.5;
/** So many windows in a row are as before. */
const steadyWindows = 4;

type Progress = (text: string) => void;

/** Services that answer at once: the coordinator itself is what limits. */
export async function measureQuick(
  cli: string,
  folder: string,
  options: OverloadOptions,
  progress: Progress,
): Promise<Quick> {
  return await onCoordinator(cli, folder, { options, answerDelayMs: 0 }, async (load, coordinator) => {
    progress('what it can take');
    const mostPerSecond = await closedLoop(load, coordinator, options.closedLoopSeconds);
    progress(`${mostPerSecond.toFixed(0)} sagas/s; ${options.factor} times as many are offered`);
    await load.ask('prepare', { count: options.secondPhases });
    const calmRate = mostPerSecond * calmShare;
    const phases = await offer(load, coordinator, options, calmRate, mostPerSecond * options.factor, (calm, after) => {
      const last = after.slice(-steadyWindows);
      const isDrained = (window: Window) => window.open <= openOf(calm);
      return last.length === steadyWindows && last.every((window) => isDrained(window) && isAsBefore(window, calm));
    });
    return {
      ...phases,
      mostPerSecond,
      answersSeconds: secondsUntil(phases.after, (window) => isAsBefore(window, phases.calm)),
      drainedSeconds: secondsUntil(phases.after, (window) => window.open <= openOf(phases.calm)),
    };
  });
}

/** Services that take a second for each answer: their slots are what limits, and the backlog grows. */
export async function measureSlow(
  cli: string,
  folder: string,
  options: OverloadOptions,
  quickPerSecond: number,
  progress: Progress,
): Promise<Slow> {
  return await onCoordinator(cli, folder, { options, answerDelayMs: slowAnswerMs }, async (load, coordinator) => {
    const mostPerSecond = originSlots / ((2 * slowAnswerMs) / 1000);
    const offered = quickPerSecond * calmShare;
    progress(`services that take a second allow ${mostPerSecond} sagas/s; ${offered.toFixed(0)} are offered`);
    // Their calls take slots from the sagas: a few of them show as much.
    const secondPhases = Math.ceil(options.secondPhases / 10);
    await load.ask('prepare', { count: secondPhases });
    const afterSeconds = Math.min(options.afterSeconds, options.calmSeconds);
    const short = { ...options, afterSeconds, secondPhases };
    const phases = await offer(load, coordinator, short, mostPerSecond * calmShare, offered, () => false);
    return { ...phases, mostPerSecond };
  });
}

async function closedLoop(load: Worker, { port }: CompiledCoordinator, seconds: number): Promise<number> {
  await load.ask('startClosedLoop', { coordinatorPort: port, inFlight: closedLoopInFlight });
  await pause(seconds / 2);
  const before = await look(load);
  await pause(seconds);
  const after = await look(load);
  await load.ask('stopClosedLoop');
  return ((after.closedLoop - before.closedLoop) / (after.timeMs - before.timeMs)) * 1000;
}

async function offer(
  load: Worker,
  coordinator: CompiledCoordinator,
  options: OverloadOptions,
  calmRate: number,
  rate: number,
  isOver: (calm: readonly Window[], after: readonly Window[]) => boolean,
): Promise<Phases> {
  await load.ask('setRates', { sagas: calmRate, second: 0 });
  const calm = await windows(load, coordinator, options.calmSeconds);
  await load.ask('setRates', { sagas: rate, second: options.secondPhases / options.seconds });
  const overload = await windows(load, coordinator, options.seconds);
  await load.ask('setRates', { sagas: calmRate, second: 0 });
  const after = await windows(load, coordinator, options.afterSeconds, (soFar) => isOver(calm, soFar));
  await load.ask('setRates', { sagas: 0, second: 0 });
  // What is still on its way is answered.
  await pause(1);
  const slowCommits = await commitsOverASecond(coordinator);
  return { calm, overload, after, totals: await look(load), memory: coordinator.usage(), slowCommits };
}

async function commitsOverASecond({ port }: CompiledCoordinator): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/api/metrics`)).text();
  const name = 'holdfast_journal_commit_duration_seconds';
  const figure = (pattern: string) => Number(new RegExp(`^${name}_${pattern} (\\d+)$`, 'm').exec(text)?.[1]);
  return figure('count') - figure('bucket{le="1"}');
}

async function onCoordinator<T>(
  cli: string,
  folder: string,
  { options, answerDelayMs }: { readonly options: OverloadOptions; readonly answerDelayMs: number },
  use: (load: Worker, coordinator: CompiledCoordinator) => Promise<T>,
): Promise<T> {
  settleDisk();
  const load = new Worker('overload/load.ts', [String(answerDelayMs)]);
  const coordinator = await CompiledCoordinator.start(cli, folder);
  try {
    await load.ask('connect', { coordinatorPort: coordinator.port, count: options.connections });
    return await use(load, coordinator);
  } finally {
    // It may have a backlog for minutes: nobody waits for that.
    await coordinator.end('SIGKILL');
    await load.end();
  }
}

/** Nothing is refused, and half of the answers come within twice the time that they took before, or within 20 ms. */
function isAsBefore(window: Window, calm: readonly Window[]): boolean {
  const usualMs = median(calm.map(({ acceptedP50Ms }) => acceptedP50Ms));
  return window.refused === 0 && window.acceptedP50Ms <= Math.max(20, 2 * usualMs);
}

/** What is open in calm times, and a little more. */
function openOf(calm: readonly Window[]): number {
  return 2 * median(calm.map(({ open }) => open)) + 100;
}

/** Until from then on every window is so; NaN where the last one is not. */
function secondsUntil(after: readonly Window[], isSo: (window: Window) => boolean): number {
  const last = after.findLastIndex((window) => !isSo(window));
  if (last === after.length - 1) return Number.NaN;
  return after.slice(0, last + 1).reduce((sum, { seconds }) => sum + seconds, 0);
}
