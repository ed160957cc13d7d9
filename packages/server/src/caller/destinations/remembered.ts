/**
 * Values by name: all that are in use, and of the others up to `limit` in total, the longest unused forgotten first.
 * While more than `limit` are in use it holds them all, and nothing else.
 */
export class Remembered<Value> {
  readonly #limit: number;
  readonly #values = new Map<string, Value>();
  /** Names of what is not in use, the longest unused first. */
  readonly #unused = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#values.size;
  }

  values(): Iterable<Value> {
    return this.#values.values();
  }

  get(name: string): Value | undefined {
    return this.#values.get(name);
  }

  /** Adds a value that is not in use yet. */
  add(name: string, value: Value): Value {
    this.#forget(this.#limit - 1);
    this.#values.set(name, value);
    this.#unused.add(name);
    return value;
  }

  used(name: string): void {
    this.#unused.delete(name);
  }

  unused(name: string): void {
    this.#unused.add(name);
    this.#forget(this.#limit);
  }

  #forget(keep: number): void {
    for (const name of this.#unused) {
      if (this.#values.size <= keep) return;
      this.#unused.delete(name);
      this.#values.delete(name);
    }
  }
}
