/** What the processes of the bench tell each other: flat records of numbers, so that one check serves all. */
export type Numbers = Readonly<Record<string, number>>;

export function isNumbers(value: unknown): value is Numbers {
  return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'number');
}

/** @throws Error that names what is missing */
export function pick<K extends string>(from: Numbers, keys: readonly K[]): Readonly<Record<K, number>> {
  if (hasAll(from, keys)) return from;
  const missing = keys.filter((key) => from[key] === undefined);
  throw new Error(`the answer of another process of the bench lacks ${missing.join(', ')}`);
}

function hasAll<K extends string>(from: Numbers, keys: readonly K[]): from is Readonly<Record<K, number>> {
  return keys.every((key) => from[key] !== undefined);
}
