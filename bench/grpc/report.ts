import type { Machine } from '../machine.ts';
import { machineText, markdownTable, spreadText } from '../markdown.ts';
import type { Slice } from '../slice.ts';
import { spread } from '../statistics.ts';
import type { Comparison, Pair } from './compare.ts';
import type { GrpcOptions } from './options.ts';

export function asMarkdown(options: GrpcOptions, machine: Machine, comparisons: readonly Comparison[]): string {
  return [
    machineText(machine),
    '',
    `A saga of two branches, submitted and its branches called over HTTP, or over gRPC, with wait_result, on the embedded ` +
      `store. Medians of ${options.repetitions} slices of ${options.seconds} s (low-high).`,
    '',
    markdownTable([
      ['in flight', '', 'HTTP', 'gRPC', 'ratio'],
      ...comparisons.flatMap(({ inFlight, pairs }) => [
        row(inFlight, 'sagas/s', pairs, (slice) => slice.sagasPerSecond, 0),
        row(inFlight, 'p99 (ms)', pairs, (slice) => slice.finalP99Ms, 1),
        row(inFlight, 'processor time of the coordinator (us a saga)', pairs, (slice) => slice.cpuUs, 0),
        row(inFlight, 'of generator and services (us a saga)', pairs, (slice) => slice.loadCpuUs, 0),
        row(inFlight, 'row writes a saga', pairs, (slice) => slice.rows, 2),
      ]),
    ]),
  ].join('\n');
}

function row(
  inFlight: number,
  name: string,
  pairs: readonly Pair[],
  figure: (slice: Slice) => number,
  digits: number,
): string[] {
  const text = (values: number[], places: number) => spreadText(spread(values), places);
  return [
    String(inFlight),
    name,
    text(
      pairs.map(({ http }) => figure(http)),
      digits,
    ),
    text(
      pairs.map(({ grpc }) => figure(grpc)),
      digits,
    ),
    text(
      pairs.map(({ http, grpc }) => figure(grpc) / figure(http)),
      2,
    ),
  ];
}
