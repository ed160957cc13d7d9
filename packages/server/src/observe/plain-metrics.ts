/**
 * Counters and histograms as plain numbers: they are counted on the hot path, many times for each transaction, and
 * looked at every few seconds. Children are bound by whoever counts, or found by three look-ups.
 */

/** A counter with its labels. */
export class Count {
  value = 0;

  get isUsed(): boolean {
    return this.value > 0;
  }

  samples(): Sample[] {
    return [{ suffix: '', bound: undefined, value: this.value }];
  }
}

/** A histogram with its labels. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** Per bucket, the last without bound: values that are in none before it. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let bucket = 0;
    while (value > (this.#bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  get isUsed(): boolean {
    return this.#counts.some((count) => count > 0);
  }

  samples(): Sample[] {
    let count = 0;
    const samples: Sample[] = this.#counts.map((own, bucket) => {
      count += own;
      return { suffix: '_bucket', bound: String(this.#bounds[bucket] ?? '+Inf'), value: count };
    });
    samples.push({ suffix: '_sum', bound: undefined, value: this.#sum });
    samples.push({ suffix: '_count', bound: undefined, value: count });
    return samples;
  }
}

interface Sample {
  /** Of the metric's name. */
  readonly suffix: string;
  /** Value of the label `le`. */
  readonly bound: string | undefined;
  readonly value: number;
}

interface Child {
  readonly isUsed: boolean;
  samples(): Sample[];
}

interface Described {
  readonly name: string;
  readonly help: string;
  /** At most three. Their values must come from closed sets: types, ops, statuses, outcomes. */
  readonly labels: readonly string[];
}

/** One metric with a child for each combination of its labels' values; without labels it has one child from the start. */
export class Family<Kind extends Child> {
  readonly #described: Described;
  readonly #type: 'counter' | 'histogram';
  readonly #make: () => Kind;
  readonly #children = new Map<string, Map<string, Map<string, Kind>>>();
  /** In the order of their first use. */
  readonly #all: { readonly labels: string; readonly child: Kind }[] = [];

  constructor(described: Described, type: 'counter' | 'histogram', make: () => Kind) {
    this.#described = described;
    this.#type = type;
    this.#make = make;
    if (described.labels.length === 0) this.of();
  }

  /** The child with these values of the labels, in their order. */
  of(first = '', second = '', third = ''): Kind {
    return this.#children.get(first)?.get(second)?.get(third) ?? this.#bind(first, second, third);
  }

  /** In the text format of Prometheus. What was bound and not counted yet is not shown. */
  text(): string {
    const { name, help } = this.#described;
    const shown = this.#all.filter(({ labels, child }) => labels === '' || child.isUsed);
    const lines = shown.flatMap(({ labels, child }) =>
      child.samples().map(({ suffix, bound, value }) => {
        const all = [bound === undefined ? '' : `le="${bound}"`, labels].filter((part) => part !== '').join(',');
        return `${name}${suffix}${all === '' ? '' : `{${all}}`} ${value}`;
      }),
    );
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${this.#type}`, ...lines, ''].join('\n');
  }

  #bind(...values: readonly [string, string, string]): Kind {
    const [first, second, third] = values;
    const child = this.#make();
    const labels = this.#described.labels.map((label, index) => `${label}="${escaped(values[index] ?? '')}"`);
    this.#all.push({ labels: labels.join(','), child });
    const seconds = this.#children.get(first) ?? new Map<string, Map<string, Kind>>();
    const thirds = seconds.get(second) ?? new Map<string, Kind>();
    this.#children.set(first, seconds.set(second, thirds.set(third, child)));
    return child;
  }
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Usual bounds of times in seconds. */
const usualBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** All of them, for whoever shows them. */
export class PlainMetrics {
  readonly #families: { text(): string }[] = [];

  counter(name: string, help: string, labels: readonly string[] = []): Family<Count> {
    return this.#added(new Family({ name, help, labels }, 'counter', () => new Count()));
  }

  histogram(name: string, help: string, labels: readonly string[] = [], bounds = usualBounds): Family<Histogram> {
    return this.#added(new Family({ name, help, labels }, 'histogram', () => new Histogram(bounds)));
  }

  text(): string {
    return this.#families.map((family) => family.text()).join('\n');
  }

  #added<Kind extends Child>(family: Family<Kind>): Family<Kind> {
    this.#families.push(family);
    return family;
  }
}
