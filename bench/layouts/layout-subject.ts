import type { Client } from 'pg';
import { encodeDefinition, encodeProgress } from '../../packages/server/src/store/codec.ts';
import { dueSaga, finished } from '../fill.ts';
import type { Layout } from './layouts.ts';
import { type Batch, claimRows, node, type Saga, type Subject } from './subject.ts';

/** A saga of this load is due half a second after it was handed back: claims that move may begin so long before now. */
const marginMs = 60_000;

const definition = (gid: string) => Buffer.from(encodeDefinition(dueSaga(gid, Date.now()).definition));
const { progress } = dueSaga('any', Date.now());
const atFirst = Buffer.from(encodeProgress(progress).text);
const atTheEnd = Buffer.from(encodeProgress(finished(progress)).text);
const gidsOf = (sagas: readonly Saga[]) => sagas.map(({ gid }) => gid);

/** The statements of a layout, on a connection for the claims and one for each writer. */
export class LayoutSubject implements Subject {
  readonly name: string;
  readonly #layout: Layout;
  readonly #claimer: Client;
  readonly #writers: readonly Client[];

  constructor(layout: Layout, claimer: Client, writers: readonly Client[]) {
    this.name = layout.name;
    this.#layout = layout;
    this.#claimer = claimer;
    this.#writers = writers;
  }

  async write(writer: number, { created, ended, slept, dueMs }: Batch): Promise<void> {
    const nowMs = Date.now();
    await this.#writers[writer]?.query(this.#layout.batch, [
      created,
      created.map((gid) => `create:${gid}`),
      created.map(() => node),
      created.map(() => nowMs),
      created.map(definition),
      created.map(() => atFirst),
      gidsOf(ended),
      ended.map(({ gid }) => `end:${gid}`),
      ended.map(() => nowMs),
      ended.map(() => atTheEnd),
      gidsOf(slept),
      slept.map(() => dueMs),
    ]);
  }

  async claim(): Promise<readonly Saga[]> {
    const nowMs = Date.now();
    const fromMs = this.#layout.moves ? nowMs - marginMs : 0;
    const { rows } = await this.#claimer.query<{ gid: string }>(this.#layout.claim, [nowMs, claimRows, fromMs]);
    return rows.map(({ gid }) => ({ gid, version: 0 }));
  }

  /** Layouts have no table of nodes. */
  async beat(): Promise<void> {}

  async look(): Promise<void> {}
}
