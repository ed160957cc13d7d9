/** What happened, line by line. Off in most runs: a run is told again from its seed when somebody wants to read it. */
export class Trace {
  readonly #sink: ((line: string) => void) | undefined;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number, sink: ((line: string) => void) | undefined) {
    this.#nowMs = nowMs;
    this.#sink = sink;
  }

  get isOn(): boolean {
    return this.#sink !== undefined;
  }

  /** @param gid the transaction it is about, or empty */
  write(who: string, gid: string, what: string): void {
    this.#sink?.(`${this.#nowMs().toFixed(3).padStart(11)} ${who.padEnd(8)} ${gid === '' ? '-' : gid} ${what}`);
  }
}
