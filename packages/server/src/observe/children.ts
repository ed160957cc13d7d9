/**
 * The children of a labelled metric, each bound once at its first use. Labels must come from closed sets: types, ops,
 * statuses, outcomes.
 */
export function children<Child>(metric: { labels(...values: string[]): Child }): (...values: string[]) => Child {
  const bound = new Map<string, Child>();
  return (...values) => {
    const key = values.join(' ');
    let child = bound.get(key);
    if (child === undefined) {
      child = metric.labels(...values);
      bound.set(key, child);
    }
    return child;
  };
}
