import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Latencies } from '../statistics.ts';
import type { Batch, Saga, Subject } from './subject.ts';

export interface Load {
  readonly sagas: number;
  readonly seconds: number;
  /** That were created and could not be ended half a minute after it. */
  readonly unfinished: number;
  readonly claims: Times;
  readonly beats: Times;
  readonly looks: Times;
}

type Times = ReturnType<Latencies['take']>;

/** Creations, and as many ends, in one batch: what a coordinator with 64 sagas in flight writes at a time. */
const half = 32;
/** Of those created, so many are not quick: they are handed back, and claimed when they are due. */
const slow = 1;
const slowMs = 500;
const claimEveryMs = 50;
const beatEveryMs = 1000;
const lookEveryMs = 60_000;
const drainMs = 30_000;

/** Batches of so many writers for a while, and what a node asks for beside them. Then all that is left is ended. */
export async function load(subject: Subject, writers: number, seconds: number): Promise<Load> {
  const untilMs = performance.now() + seconds * 1000;
  const run = new Run(subject);
  const beside = Promise.all([
    repeated(untilMs, claimEveryMs, () => run.claim()),
    repeated(untilMs, beatEveryMs, () => subject.beat()),
    repeated(untilMs, lookEveryMs, () => subject.look()),
  ]);
  await Promise.all(Array.from({ length: writers }, (_, writer) => run.write(writer, untilMs)));
  const [claims, beats, looks] = await beside;
  const sagas = run.ended;
  return { sagas, seconds, unfinished: await run.drain(), claims, beats, looks };
}

class Run {
  ended = 0;
  readonly #subject: Subject;
  /** Owned, and to be ended. */
  readonly #owned: Saga[] = [];
  #unfinished = 0;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  async write(writer: number, untilMs: number): Promise<void> {
    let open: readonly Saga[] = [];
    while (performance.now() < untilMs) {
      const created = Array.from({ length: half }, () => randomBytes(15).toString('base64url'));
      const ended = [...open.slice(slow), ...this.#owned.splice(0, slow)];
      await this.#write(writer, { created, ended, slept: open.slice(0, slow), dueMs: Date.now() + slowMs });
      open = created.map((gid) => ({ gid, version: 1 }));
    }
    this.#owned.push(...open);
  }

  async claim(): Promise<void> {
    this.#owned.push(...(await this.#subject.claim()));
  }

  /** Answers with how many are left all the same. */
  async drain(): Promise<number> {
    for (const giveUpMs = performance.now() + drainMs; this.#unfinished > 0 && performance.now() < giveUpMs; ) {
      const ended = this.#owned.splice(0, half);
      if (ended.length > 0) await this.#write(0, { created: [], ended, slept: [], dueMs: 0 });
      else await pause(claimEveryMs);
      await this.claim();
    }
    return this.#unfinished;
  }

  async #write(writer: number, batch: Batch): Promise<void> {
    await this.#subject.write(writer, batch);
    this.ended += batch.ended.length;
    this.#unfinished += batch.created.length - batch.ended.length;
  }
}

async function repeated(untilMs: number, everyMs: number, work: () => Promise<void>): Promise<Times> {
  const times = new Latencies();
  for (let nowMs = performance.now(); nowMs < untilMs; nowMs = performance.now()) {
    await work();
    const doneMs = performance.now();
    times.add(doneMs - nowMs);
    await pause(Math.max(0, Math.min(everyMs, untilMs - doneMs)));
  }
  return times.take();
}
