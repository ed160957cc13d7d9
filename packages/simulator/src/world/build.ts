import { Auditor } from '../auditor/auditor.ts';
import type { Case } from '../auditor/case.ts';
import type { Court } from '../auditor/court.ts';
import type { Violation } from '../auditor/violation.ts';
import { epochMs, MachineClock } from '../kernel/clock.ts';
import { Random } from '../kernel/random.ts';
import { Scheduler } from '../kernel/scheduler.ts';
import { Statistics } from '../kernel/statistics.ts';
import { Trace } from '../kernel/trace.ts';
import { Bank } from '../network/bank.ts';
import { Ledger } from '../network/ledger.ts';
import { Network } from '../network/network.ts';
import { hostOf, type LongService, type Service } from '../network/request.ts';
import { calmNetworkWeather } from '../network/weather.ts';
import { Database } from '../store/database.ts';
import { DatabaseClock } from '../store/database-clock.ts';
import type { Cause, Row } from '../store/row.ts';
import { calmWeather } from '../store/weather.ts';
import { isPoison } from './poison.ts';
import type { Profile } from './profile.ts';
import type { Surroundings } from './surroundings.ts';

export const hosts = ['bank-a', 'bank-b', 'bank-c'] as const;
/** What this bank does is not safe to repeat: only decisions about it are judged. */
const withoutBarrier: readonly string[] = ['bank-c'];
/** The service that is dead in some worlds, and in use only there. */
export const deadHost = 'bank-d';
export const accounts = ['anna', 'ben', 'cleo', 'dina'] as const;

/** A world before anybody lives in it. */
export interface Inhabited {
  readonly surroundings: Surroundings;
  readonly profile: Profile;
  readonly clocks: ReadonlyMap<string, MachineClock>;
  readonly banks: ReadonlyMap<string, Bank>;
  readonly ledger: Ledger;
  /** Who answers at each host; others may move in. */
  readonly services: Map<string, Service | LongService>;
  /** In the order in which the auditor found them. */
  readonly violations: readonly Violation[];
}

export function buildSurroundings(
  seed: number,
  profileOf: (random: Random) => Profile,
  sink: ((line: string) => void) | undefined,
): Inhabited {
  const random = (stream: string) => new Random(seed, stream);
  const profile = profileOf(random('profile'));
  const scheduler = new Scheduler(random('scheduler'));
  const statistics = new Statistics();
  const trace = new Trace(() => scheduler.nowMs, sink);
  const databaseClock = new DatabaseClock(scheduler);
  const database = new Database(
    () => databaseClock.nowMs(),
    () => databaseClock.server,
  );
  const clocks = buildClocks(scheduler, profile, random('clocks'));
  const violations: Violation[] = [];
  const delicate: Surroundings['delicate'] = [];
  // Where a machine's own clock leaps, its time does until the store tells it better.
  const isLeaping = profile.flavour === 'clocks' && profile.wrongClock === 'machines';
  const hasStoodSince = (trueMs: number) => isLeaping || databaseClock.hasStoodSince(trueMs);
  const court: Court = {
    cases: new Map<string, Case>(),
    database,
    isExclusive: profile.isExclusive,
    isLeaping,
    serverErrorMs: profile.flavour === 'clocks' ? 3_700_000 : 5000,
    hasStoodSince: profile.flavour === 'clocks' ? hasStoodSince : undefined,
    isCalm: profile.flavour === 'services' || profile.flavour === 'dead-service',
    isTimed: profile.flavour === 'services',
    nowMs: () => scheduler.nowMs,
    machines: () => clocks,
    later: (delayMs, judge) => {
      scheduler.after(delayMs, judge);
    },
    find: (violation) => {
      trace.write('auditor', violation.gid, violation.message);
      violations.push(violation);
    },
  };
  const auditor = new Auditor(court, statistics);
  database.watch((before, after, cause) => {
    traceChange(trace, after ?? before, cause);
    if (isPoison((after ?? before)?.definition.gid ?? '')) return;
    auditor.changed(before, after, cause);
    if (after === undefined || cause.kind !== 'claim') return;
    const moment = before?.owner === null ? 'claim' : 'takeover';
    for (const told of delicate) told(after.definition.gid, moment);
  });
  const banks = buildBanks(statistics);
  const ledger = new Ledger();
  const networkWeather = calmNetworkWeather();
  const services = new Map<string, Service | LongService>([...banks, ['ledger', ledger]]);
  const network = new Network({
    scheduler,
    random: random('network'),
    weather: networkWeather,
    statistics,
    services,
    arrived: ({ gid, branchId, op, url }, { statusCode }) => {
      if (trace.isOn) trace.write(hostOf(url), gid, `serves ${branchId}/${op}: ${statusCode}`);
    },
  });
  const surroundings: Surroundings = {
    seed,
    isExclusive: profile.isExclusive,
    scheduler,
    statistics,
    trace,
    database,
    databaseClock,
    storeWeather: calmWeather(),
    network,
    networkWeather,
    auditor,
    delicate,
    random,
  };
  return { surroundings, profile, clocks, banks, ledger, services, violations };
}

function buildClocks(scheduler: Scheduler, profile: Profile, random: Random): Map<string, MachineClock> {
  const { drift, wallOffsetMs, nodes } = profile;
  const clocks = new Map<string, MachineClock>();
  for (const machine of ['a', 'b', 'c'].slice(0, nodes)) {
    const tooFast = random.between(-drift, drift);
    const offsetMs = random.between(-wallOffsetMs, wallOffsetMs);
    clocks.set(machine, new MachineClock(scheduler, tooFast, offsetMs, random.between(1000, 1_000_000)));
  }
  return clocks;
}

function buildBanks(statistics: Statistics): Map<string, Bank> {
  const noticed = (what: string) => statistics.count(`barrier: ${what}`);
  const all = [...hosts, deadHost].map((host): [string, Bank] => {
    return [host, new Bank(!withoutBarrier.includes(host), accounts, noticed)];
  });
  return new Map(all);
}

function traceChange(trace: Trace, row: Row | undefined, cause: Cause): void {
  if (!trace.isOn || row === undefined) return;
  const { progress, owner, version } = row;
  const state = `${progress.status} ${progress.operations || '-'} owner ${owner ?? 'nobody'} version ${version}`;
  trace.write('store', row.definition.gid, `${cause.kind} by ${cause.by}: ${state} due ${progress.dueMs - epochMs}`);
}
