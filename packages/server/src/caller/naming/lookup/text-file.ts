import { readFileSync, statSync } from 'node:fs';
import type { Runtime } from '../../../engine/ports.ts';
import { codeOf } from '../../local-fault.ts';

/** It is looked at no more often. */
const checkMs = 1000;
/** What is larger is no such file. */
const mostBytes = 4 * 1024 * 1024;

/** A small text file of the system, and what it says now: it is read again when it has changed. */
export class TextFile<Value> {
  readonly #path: string;
  readonly #parse: (text: string) => Value;
  readonly #runtime: Pick<Runtime, 'monotonicMs'>;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #version = '';
  #value: Value;

  constructor(path: string, parse: (text: string) => Value, runtime: Pick<Runtime, 'monotonicMs'>) {
    this.#path = path;
    this.#parse = parse;
    this.#runtime = runtime;
    this.#value = parse('');
  }

  /** What it says; that of an empty file where there is none. */
  get value(): Value {
    const nowMs = this.#runtime.monotonicMs();
    if (nowMs - this.#checkedMs >= checkMs) {
      this.#checkedMs = nowMs;
      this.#look();
    }
    return this.#value;
  }

  #look(): void {
    try {
      const { size, mtimeMs, ino } = statSync(this.#path);
      const version = `${size} ${mtimeMs} ${ino}`;
      if (version === this.#version || size > mostBytes) return;
      this.#value = this.#parse(readFileSync(this.#path, 'utf8'));
      this.#version = version;
    } catch (error) {
      // It is being replaced, or cannot be read now: what it said before counts.
      if (codeOf(error) !== 'ENOENT') return;
      this.#version = '';
      this.#value = this.#parse('');
    }
  }
}
