import { shortageOf } from '../caller/local-fault.ts';

export interface ShortagesParts {
  /** The machine's, in milliseconds. */
  nowMs(): number;
  /** Worth a look: the first time, and again each minute while it goes on. `times`: since the last time it was told. */
  warned(text: string, facts: { readonly code: string; readonly times: number }): void;
  counted(code: string): void;
}

interface Shortage {
  notedMs: number;
  warnedMs: number;
  times: number;
}

/** Noted so long ago it still counts as lasting. */
const lastsMs = 10_000;
const warnEveryMs = 60_000;

/** What this machine is short of, such as descriptors: calls that could not be sent for want of it go out later. */
export class Shortages {
  readonly #parts: ShortagesParts;
  /** By code; there are a handful. */
  readonly #shortages = new Map<string, Shortage>();

  constructor(parts: ShortagesParts) {
    this.#parts = parts;
  }

  noted(code: string): void {
    const nowMs = this.#parts.nowMs();
    this.#parts.counted(code);
    const shortage = this.#shortages.get(code) ?? { notedMs: nowMs, warnedMs: Number.NEGATIVE_INFINITY, times: 0 };
    this.#shortages.set(code, shortage);
    shortage.notedMs = nowMs;
    shortage.times += 1;
    if (nowMs - shortage.warnedMs < warnEveryMs) return;
    shortage.warnedMs = nowMs;
    this.#parts.warned(`${textOf(code)}: calls that need it are not sent, and go out later`, {
      code,
      times: shortage.times,
    });
    shortage.times = 0;
  }

  /** What is short now, for people; undefined: nothing. */
  get current(): string | undefined {
    const nowMs = this.#parts.nowMs();
    const lasting = [...this.#shortages].filter(([, { notedMs }]) => nowMs - notedMs < lastsMs);
    return lasting.length === 0 ? undefined : lasting.map(([code]) => `${textOf(code)} (${code})`).join('; ');
  }
}

function textOf(code: string): string {
  return shortageOf(code) ?? code;
}
