import { atLeast, atMost, type Budget } from '../budget.ts';

/** While a snapshot is held, to before: how long claims may take, and what throughput may be left. */
const claimTime = 2;
const throughput = 0.8;

export interface Phase {
  readonly layout: string;
  readonly phase: 'clean' | 'pinned' | 'released';
  readonly load: {
    readonly sagas: number;
    readonly seconds: number;
    readonly unfinished: number;
    readonly claims: { readonly p99Ms: number };
  };
}

/** Of the store alone: the layouts are there to be compared with it. */
export function layoutBudgets(phases: readonly Phase[]): Budget[] {
  const [clean, pinned] = (['clean', 'pinned'] as const).map((wanted) =>
    phases.find(({ layout, phase }) => layout === 'store' && phase === wanted),
  );
  if (clean === undefined || pinned === undefined) return [];
  const perSecond = ({ load }: Phase) => load.sagas / load.seconds;
  return [
    atLeast('sagas/s while a snapshot is held, to before', throughput, perSecond(pinned) / perSecond(clean)),
    atMost('p99 of a claim, likewise', claimTime, pinned.load.claims.p99Ms / clean.load.claims.p99Ms),
    atMost('unfinished after it', 0, pinned.load.unfinished),
  ];
}
