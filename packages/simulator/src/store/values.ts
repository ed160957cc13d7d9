import type { KeyValue } from 'holdfast/store/store';
import { compareText } from './compare-text.ts';

/** Key-value records with versions. */
export class Values {
  readonly #values = new Map<string, KeyValue>();

  get(category: string, key: string): KeyValue | undefined {
    return this.#values.get(nameOf(category, key));
  }

  list(category: string, afterKey: string, limit: number): KeyValue[] {
    return [...this.#values.values()]
      .filter((value) => value.category === category && value.key > afterKey)
      .sort((one, other) => compareText(one.key, other.key))
      .slice(0, limit);
  }

  put(category: string, key: string, value: string, expectVersion: number, nowMs: number): boolean {
    const stored = this.get(category, key);
    if ((stored?.version ?? 0) !== expectVersion) return false;
    const createdMs = stored?.createdMs ?? nowMs;
    this.#values.set(
      nameOf(category, key),
      Object.freeze({ category, key, value, version: expectVersion + 1, createdMs, updatedMs: nowMs }),
    );
    return true;
  }

  delete(category: string, key: string): boolean {
    return this.#values.delete(nameOf(category, key));
  }
}

function nameOf(category: string, key: string): string {
  return JSON.stringify([category, key]);
}
