import type { Statistics } from '../kernel/statistics.ts';
import type { Cause, Row } from '../store/row.ts';
import { accuse, type Court } from './court.ts';

/** An earlier version may do this too: a registration depends on the type and the status alone, and all can read what it adds. */
const readsNothing: ReadonlySet<Cause['kind']> = new Set(['append', 'make-due']);

/** Two versions share a store: the earlier one takes and writes nothing that only the next one can read, and calls nothing of it. */
export class Versions {
  readonly #court: Court;
  readonly #statistics: Statistics;
  /** By process. */
  readonly #formats = new Map<string, number>();

  constructor(court: Court, statistics: Statistics) {
    this.#court = court;
    this.#statistics = statistics;
  }

  starts(process: string, format: number): void {
    this.#formats.set(process, format);
    if (format > 1) this.#statistics.count('started as the next version');
  }

  changed({ definition, needs }: Row, { kind, by }: Cause): void {
    if (needs <= 1) return;
    this.#statistics.count(`${kind} of what only the next version can read`);
    if (readsNothing.has(kind)) return;
    this.#judge(definition.gid, needs, by, `changed it by ${kind}`);
  }

  called(process: string, gid: string): void {
    this.#judge(gid, this.#court.cases.get(gid)?.row?.needs ?? 0, process, 'made a call of it');
  }

  #judge(gid: string, needs: number, process: string, what: string): void {
    if (needs <= (this.#formats.get(process) ?? needs)) return;
    accuse(this.#court, 'engine', gid, `${process} ${what}, and is of a version that cannot read it`);
  }
}
