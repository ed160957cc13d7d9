import type { CompiledCoordinator } from '../compiled.ts';
import { pick } from '../numbers.ts';
import { pause } from '../slice.ts';
import type { Worker } from '../worker.ts';

const lookKeys = [
  'timeMs',
  'offered',
  'accepted',
  'refused',
  'withoutRetryAfter',
  'otherAnswers',
  'lost',
  'givenUp',
  'ended',
  'closedLoop',
  'cpuUs',
  'open',
  'waiting',
  'secondAccepted',
  'secondRefused',
  'acceptedP50Ms',
  'acceptedP99Ms',
  'endedP50Ms',
  'endedP99Ms',
] as const;

export type Look = Readonly<Record<(typeof lookKeys)[number], number>>;

/** What happened between two looks. Rates are per second; latencies count from the time at which a request was to be sent. */
export interface Window {
  readonly seconds: number;
  readonly offered: number;
  readonly accepted: number;
  readonly refused: number;
  readonly ended: number;
  /** To the answer of the submit. */
  readonly acceptedP50Ms: number;
  readonly acceptedP99Ms: number;
  /** To the call of the last branch. */
  readonly endedP50Ms: number;
  readonly endedP99Ms: number;
  /** Submitted, not refused and not ended, at the end of the window. */
  readonly open: number;
  /** Those of them that have not been sent: all connections wait for an answer. */
  readonly waiting: number;
  /** Processor time, as shares of one processor: of load and services, and of the coordinator. */
  readonly loadBusy: number;
  readonly coordinatorBusy: number;
  readonly residentMib: number;
}

const windowSeconds = 0.5;

export async function look(load: Worker): Promise<Look> {
  return pick(await load.ask('look'), lookKeys);
}

/** Windows of half a second, until `seconds` have passed or `isOver` says so of those so far. */
export async function windows(
  load: Worker,
  coordinator: CompiledCoordinator,
  seconds: number,
  isOver: (soFar: readonly Window[]) => boolean = () => false,
): Promise<Window[]> {
  const found: Window[] = [];
  let before = await look(load);
  let { cpuMs } = coordinator.usage();
  const untilMs = before.timeMs + seconds * 1000;
  while (before.timeMs < untilMs && !isOver(found)) {
    await pause(Math.min(windowSeconds, (untilMs - before.timeMs) / 1000));
    coordinator.check();
    const after = await look(load);
    const usage = coordinator.usage();
    found.push(between(before, after, usage.cpuMs - cpuMs, usage.residentMib));
    before = after;
    cpuMs = usage.cpuMs;
  }
  return found;
}

function between(before: Look, after: Look, cpuMs: number, residentMib: number): Window {
  const seconds = (after.timeMs - before.timeMs) / 1000;
  const rate = (key: 'offered' | 'accepted' | 'refused' | 'ended') => (after[key] - before[key]) / seconds;
  const { acceptedP50Ms, acceptedP99Ms, endedP50Ms, endedP99Ms, open, waiting } = after;
  return {
    seconds,
    offered: rate('offered'),
    accepted: rate('accepted'),
    refused: rate('refused'),
    ended: rate('ended'),
    acceptedP50Ms,
    acceptedP99Ms,
    endedP50Ms,
    endedP99Ms,
    open,
    waiting,
    loadBusy: (after.cpuUs - before.cpuUs) / 1e6 / seconds,
    coordinatorBusy: cpuMs / 1000 / seconds,
    residentMib,
  };
}
