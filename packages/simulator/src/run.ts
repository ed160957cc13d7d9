/**
 * Lives through worlds until a promise is broken: `--seed N`, `--seeds A..B` or `--minutes M` (from a random seed on);
 * `--flavour NAME` chooses the kind of world, `--trace` prints every event, `--mutant NAME` breaks the engine first,
 * `--json` ends with one line for programs.
 * Exits with 1 where a promise was broken, with 2 where it was called in a wrong way.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Statistics } from './kernel/statistics.ts';
import { installMutant } from './mutants/install.ts';
import { reportOf } from './report.ts';
import { type Flavour, flavours } from './world/profile.ts';

interface Plan {
  readonly firstSeed: number;
  readonly lastSeed: number;
  readonly untilMs: number;
  readonly isTraced: boolean;
  readonly isJson: boolean;
  readonly flavour: Flavour | undefined;
  readonly mutant: string | undefined;
}

const everySeconds = 5;

function readPlan(): Plan {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      trace: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      flavour: { type: 'string' },
      mutant: { type: 'string' },
    },
  });
  const { trace: isTraced, json: isJson, mutant } = values;
  const rest = { isTraced, isJson, mutant, flavour: flavourOf(values.flavour) };
  if (values.seed !== undefined) {
    const seed = numberOf(values.seed, '--seed');
    return { ...rest, firstSeed: seed, lastSeed: seed, untilMs: Number.POSITIVE_INFINITY };
  }
  if (values.seeds !== undefined) {
    const [first = '', last = ''] = values.seeds.split('..');
    const firstSeed = numberOf(first, '--seeds');
    return { ...rest, firstSeed, lastSeed: numberOf(last, '--seeds'), untilMs: Number.POSITIVE_INFINITY };
  }
  const minutes = numberOf(values.minutes ?? '1', '--minutes');
  const firstSeed = randomInt(1_000_000_000);
  return { ...rest, firstSeed, lastSeed: Number.POSITIVE_INFINITY, untilMs: performance.now() + minutes * 60_000 };
}

function numberOf(text: string, option: string): number {
  if (/^\d{1,12}$/u.test(text)) return Number(text);
  console.error(`${option}: must be a whole number, or A..B for --seeds`);
  process.exit(2);
}

function flavourOf(name: string | undefined): Flavour | undefined {
  const flavour = flavours.find((known) => known === name);
  if (flavour !== undefined || name === undefined) return flavour;
  console.error(`--flavour: must be one of ${flavours.join(', ')}`);
  process.exit(2);
}

async function main(): Promise<void> {
  const plan = readPlan();
  // Before the engine is loaded.
  if (plan.mutant !== undefined) installMutant(plan.mutant);
  const { live } = await import('./world/world.ts');
  const statistics = new Statistics();
  const startedMs = performance.now();
  let toldMs = startedMs;
  for (let seed = plan.firstSeed; seed <= plan.lastSeed && performance.now() < plan.untilMs; seed += 1) {
    const sink = plan.isTraced ? (line: string) => console.log(line) : undefined;
    const outcome = await live(seed, { sink, flavour: plan.flavour });
    statistics.add(outcome.statistics);
    statistics.count('worlds');
    statistics.count('events', outcome.events);
    statistics.count('simulated seconds', Math.round(outcome.simulatedMs / 1000));
    const { violation } = outcome;
    if (violation !== undefined) {
      if (plan.isJson) console.log(JSON.stringify({ seed, promise: violation.promise, message: violation.message }));
      else if (plan.isTraced) console.log(`seed ${seed}: ${violation.message}`);
      else console.log(await reportOf(outcome, live, plan));
      process.exitCode = 1;
      return;
    }
    // Behind the last there is nothing to wait for, and what is told of one seed is the same on any machine.
    if (!plan.isJson && seed < plan.lastSeed && performance.now() - toldMs > everySeconds * 1000) {
      toldMs = performance.now();
      console.log(`seed ${seed}: ${statistics.get('worlds')} worlds so far, all promises kept`);
    }
  }
  if (plan.isJson) console.log(JSON.stringify({ statistics: statistics.all() }));
  else tell(statistics, (performance.now() - startedMs) / 1000);
}

function tell(statistics: Statistics, seconds: number): void {
  for (const [what, count] of Object.entries(statistics.all())) console.log(`${String(count).padStart(9)} ${what}`);
  const worlds = statistics.get('worlds');
  console.log(`all promises were kept in ${worlds} worlds, ${(worlds / seconds).toFixed(1)} a second`);
}

await main();
