import type { LifeOptions, Live, Outcome } from './world/world.ts';

const lastLines = 40;

/** What a person needs to understand a broken promise: what it was, the last events of its transaction, how to replay. */
export async function reportOf(
  failed: Outcome,
  live: Live,
  { flavour, mutant }: { readonly flavour: LifeOptions['flavour']; readonly mutant: string | undefined },
): Promise<string> {
  const { seed, violation } = failed;
  if (violation === undefined) return `seed ${seed}: all promises were kept`;
  const lines: string[] = [];
  const sink = (line: string) => {
    if (isAbout(line, violation.gid)) lines.push(line);
  };
  await live(seed, { flavour, sink });
  const replay = [
    `node_modules/.bin/node --conditions=source packages/simulator/src/run.ts --trace --seed ${seed}`,
    ...(flavour === undefined ? [] : [`--flavour ${flavour}`]),
    ...(mutant === undefined ? [] : [`--mutant ${mutant}`]),
  ];
  return [
    `seed ${seed}: ${violation.message}`,
    '',
    `the last of ${lines.length} events of ${violation.gid} and of the nodes:`,
    ...lines.slice(-lastLines),
    '',
    `replay: ${replay.join(' ')}`,
  ].join('\n');
}

/** Lines are `time who gid what`; those without a gid tell of nodes and faults. */
function isAbout(line: string, gid: string): boolean {
  const [, , about] = line.trim().split(/\s+/u, 3);
  return about === gid || about === '-';
}
