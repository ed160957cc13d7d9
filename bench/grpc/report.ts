import { atMost, type Budget } from '../budget.ts';
import type { Machine } from '../machine.ts';
import { budgetTable, machineText, markdownTable, spreadText } from '../markdown.ts';
import type { Slice } from '../slice.ts';
import { type Spread, spread } from '../statistics.ts';
import type { Comparison, Round } from './compare.ts';
import type { GrpcOptions } from './options.ts';

/** Processor time of a saga over gRPC, to that of the other commit. */
const cpuShare = 0.7;

export function asMarkdown(options: GrpcOptions, machine: Machine, comparisons: readonly Comparison[]): string {
  const { against, repetitions, seconds } = options;
  const head = ['in flight', '', 'HTTP', 'gRPC', 'gRPC to HTTP'];
  const parts = [
    machineText(machine),
    `A saga of two branches, submitted and its branches called over HTTP, or over gRPC, with wait_result, on the embedded ` +
      `store. Medians of ${repetitions} slices of ${seconds} s (low-high).`,
    markdownTable([
      against === undefined ? head : [...head, `gRPC of ${against}`, 'gRPC to that'],
      ...comparisons.flatMap(({ inFlight, rounds }) => [
        row(inFlight, 'sagas/s', rounds, (slice) => slice.perSecond, 0),
        row(inFlight, 'p99 (ms)', rounds, (slice) => slice.finalP99Ms, 1),
        row(inFlight, 'processor time of the coordinator (us a saga)', rounds, (slice) => slice.cpuUs, 0),
        row(inFlight, 'of generator and services (us a saga)', rounds, (slice) => slice.loadCpuUs, 0),
        row(inFlight, 'row writes a saga', rounds, (slice) => slice.rows, 2),
      ]),
    ]),
    ...(against === undefined ? [] : [budgetTable(budgets(comparisons))]),
  ];
  return parts.join('\n\n');
}

function budgets(comparisons: readonly Comparison[]): Budget[] {
  return comparisons.map(({ inFlight, rounds }) =>
    atMost(`processor time over gRPC, of the other's, ${inFlight} in flight`, cpuShare, toOther(rounds, cpuUs)),
  );
}

function cpuUs(slice: Slice): number {
  return slice.cpuUs;
}

function toOther(rounds: readonly Round[], figure: (slice: Slice) => number): Spread {
  return spread(rounds.flatMap(({ grpc, other }) => (other === undefined ? [] : [figure(grpc) / figure(other)])));
}

function row(
  inFlight: number,
  name: string,
  rounds: readonly Round[],
  figure: (slice: Slice) => number,
  digits: number,
): string[] {
  const others = rounds.flatMap(({ other }) => (other === undefined ? [] : [figure(other)]));
  return [
    String(inFlight),
    name,
    spreadText(spread(rounds.map(({ http }) => figure(http))), digits),
    spreadText(spread(rounds.map(({ grpc }) => figure(grpc))), digits),
    spreadText(spread(rounds.map(({ http, grpc }) => figure(grpc) / figure(http))), 2),
    ...(others.length === 0 ? [] : [spreadText(spread(others), digits), spreadText(toOther(rounds, figure), 2)]),
  ];
}
