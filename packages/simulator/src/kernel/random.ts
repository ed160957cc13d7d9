/**
 * Seeded pseudo-random numbers (sfc32). Not for secrets. Every part of the world draws from its own stream, so that a
 * change in one part does not change the dice of the others.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param stream names the stream: the same seed and name give the same numbers */
  constructor(seed: number, stream: string) {
    let hash = 0x811c9dc5 ^ seed;
    for (let index = 0; index < stream.length; index += 1) {
      hash = Math.imul(hash ^ stream.charCodeAt(index), 0x01000193);
    }
    this.#a = seed | 0;
    this.#b = hash | 0;
    this.#c = Math.imul(hash, 0x9e3779b1) ^ seed;
    for (let round = 0; round < 16; round += 1) this.next();
  }

  /** 0 <= x < 1. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return (sum >>> 0) / 0x1_0000_0000;
  }

  /** low <= x < high. */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** Whole numbers, both ends included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Many short ones, few long ones: the logarithm is uniform. Both bounds are above zero. */
  skewed(low: number, high: number): number {
    return low * (high / low) ** this.next();
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(list: readonly [Item, ...Item[]]): Item {
    return list[this.integer(0, list.length - 1)] ?? list[0];
  }

  /** One of the keys, as often as its weight says against the sum of all. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const keys = Object.keys(weights) as Key[];
    let left = this.next() * keys.reduce((sum, key) => sum + weights[key], 0);
    for (const key of keys) {
      left -= weights[key];
      if (left < 0) return key;
    }
    throw new Error('weighted: no key has a weight');
  }

  /** Hexadecimal digits. */
  hex(digits: number): string {
    let text = '';
    while (text.length < digits)
      text += Math.floor(this.next() * 0x1_0000_0000)
        .toString(16)
        .padStart(8, '0');
    return text.slice(0, digits);
  }
}
