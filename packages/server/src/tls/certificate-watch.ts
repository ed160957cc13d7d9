import type { Look, NamedExpiry } from './watched-files.ts';

/** What is looked at. */
export interface Watchable {
  readonly name: string;
  readonly expiries: readonly NamedExpiry[];
  look(): Promise<Look>;
}

export interface Expiring extends NamedExpiry {
  readonly isOver: boolean;
}

export interface CertificateEvents {
  renewed(name: string): void;
  /** Said once for each problem; the certificates in use stay. */
  notRenewed(name: string, problem: string): void;
  /** Said once a day for each certificate, from so long before the end on that the settings say, and at its end. */
  expiring(certificate: Expiring): void;
}

export interface CertificateWatchParts {
  readonly watched: readonly Watchable[];
  /** How often the files are read. */
  readonly lookMs: number;
  readonly warnBeforeMs: number;
  readonly events: CertificateEvents;
  wallMs(): number;
  setTimer(delayMs: number, action: () => void): { cancel(): void };
}

const warnAgainMs = 24 * 60 * 60 * 1000;

/** Looks at all files of certificates from time to time. */
export class CertificateWatch {
  readonly #parts: CertificateWatchParts;
  /** By name: what was wrong at the last look, and whether that was told. */
  readonly #problems = new Map<string, { readonly text: string; isTold: boolean }>();
  /** By setting: of which certificate was warned last, and when. */
  readonly #warned = new Map<
    string,
    { readonly notAfterMs: number; readonly isOver: boolean; readonly atMs: number }
  >();
  #timer: { cancel(): void } | undefined;
  #isStopped = false;

  constructor(parts: CertificateWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#parts.watched.length === 0) return;
    this.#warn();
    this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Whose files cannot be used as they are now. */
  isBroken(name: string): boolean {
    return this.#problems.has(name);
  }

  get watched(): readonly Watchable[] {
    return this.#parts.watched;
  }

  /** One look at all files. */
  async look(): Promise<void> {
    for (const one of this.#parts.watched) this.#heed(one.name, await one.look());
    this.#warn();
  }

  #wait(): void {
    if (this.#isStopped) return;
    this.#timer = this.#parts.setTimer(this.#parts.lookMs, () => {
      void this.look().finally(() => this.#wait());
    });
  }

  #heed(name: string, look: Look): void {
    if (look.kind !== 'broken') {
      this.#problems.delete(name);
      if (look.kind === 'changed') this.#parts.events.renewed(name);
      return;
    }
    const known = this.#problems.get(name);
    // Certificate and key may be replaced one after the other: only what is so at two looks is a problem.
    if (known?.text !== look.problem) this.#problems.set(name, { text: look.problem, isTold: false });
    else if (!known.isTold) {
      known.isTold = true;
      this.#parts.events.notRenewed(name, look.problem);
    }
  }

  #warn(): void {
    const nowMs = this.#parts.wallMs();
    for (const expiry of this.#parts.watched.flatMap(({ expiries }) => expiries)) {
      const { setting, notAfterMs } = expiry;
      const isSoon = notAfterMs - nowMs < this.#parts.warnBeforeMs;
      if (!isSoon) continue;
      const isOver = notAfterMs <= nowMs;
      const warned = this.#warned.get(setting);
      const isKnown = warned?.notAfterMs === notAfterMs && warned.isOver === isOver;
      if (isKnown && nowMs - warned.atMs < warnAgainMs) continue;
      this.#warned.set(setting, { notAfterMs, isOver, atMs: nowMs });
      this.#parts.events.expiring({ ...expiry, isOver });
    }
  }
}
