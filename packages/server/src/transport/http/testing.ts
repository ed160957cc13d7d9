import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type Definition,
  type HoldfastError,
  noOptions,
  type Progress,
  restoreTransaction,
  type Transaction,
} from '@holdfast/core';
import type { ClockState } from '../../engine/clock-state.ts';
import type { AskedTransaction, Coordinator } from '../../engine/coordinator.ts';
import { LongTurns } from '../../engine/long-turns.ts';
import type { AskedList, ExplainedTransaction, KeyValues, ShownPage, ShownTransaction } from '../wire/stored.ts';
import type { HttpParts } from './parts.ts';
import { createHttpServer, type HttpServer } from './server.ts';
import { httpDefaults } from './settings.ts';

/** For tests: a coordinator that records what it is asked and answers as it is told. */
export class RecordingCoordinator implements Coordinator {
  readonly asked: unknown[][] = [];
  /** Thrown by whatever is asked next, until it is taken away. */
  refusal: HoldfastError | Error | undefined;
  standing: Awaited<ReturnType<Coordinator['submit']>>;
  stored: ShownTransaction | undefined;
  pages: ShownPage[] = [];
  reason: string | undefined;
  leftPrepared: readonly string[] = [];
  values: KeyValues = [];
  explained: ExplainedTransaction | undefined;
  /** Waits with every answer until this is done. */
  gate: Promise<void> = Promise.resolve();

  newGid(): string {
    return 'gid-1';
  }

  prepare(asked: AskedTransaction): Promise<void> {
    return this.#record('prepare', [asked], undefined);
  }

  submit(asked: AskedTransaction, wait: boolean) {
    return this.#record('submit', [asked, wait], this.standing);
  }

  abort(...asked: Parameters<Coordinator['abort']>) {
    return this.#record('abort', asked, this.standing);
  }

  prepareWorkflow(asked: AskedTransaction) {
    return this.#record('prepareWorkflow', [asked], this.stored ?? shown(asked));
  }

  endWorkflow(...asked: Parameters<Coordinator['endWorkflow']>): Promise<void> {
    return this.#record('endWorkflow', asked, undefined);
  }

  registerBranch(...asked: Parameters<Coordinator['registerBranch']>): Promise<void> {
    return this.#record('registerBranch', asked, undefined);
  }

  forceStop(gid: string): Promise<readonly string[]> {
    return this.#record('forceStop', [gid], this.leftPrepared);
  }

  rolledBack: Awaited<ReturnType<Coordinator['rollback']>> | undefined;

  rollback(...asked: Parameters<Coordinator['rollback']>) {
    const transaction = held(shown({ gid: asked[0] }));
    const none = { isDrivenHere: true, waitsFor: [], doesNotWaitFor: [], compensatesFromMs: undefined };
    return this.#record('rollback', asked, this.rolledBack ?? { transaction, ...none });
  }

  explain(gid: string) {
    return this.#record('explain', [gid], this.explained);
  }

  query(gid: string) {
    return this.#record('query', [gid], this.stored);
  }

  list(filter: AskedList): Promise<ShownPage> {
    return this.#record('list', [filter], this.pages.shift() ?? { transactions: [], next: '' });
  }

  makeDue(gid: string): Promise<void> {
    return this.#record('makeDue', [gid], undefined);
  }

  makeManyDue(afterMs: number, limit: number) {
    return this.#record('makeManyDue', [afterMs, limit], { changed: 3, hasMore: true });
  }

  readonly topics = {
    subscribe: (...asked: Parameters<Coordinator['topics']['subscribe']>) =>
      this.#record('subscribe', asked, undefined),
    unsubscribe: (topic: string, url: string) => this.#record('unsubscribe', [topic, url], undefined),
    delete: (topic: string) => this.#record('deleteTopic', [topic], undefined),
  };

  listValues(category: string, afterKey: string, limit: number) {
    const after = this.values.filter(({ key }) => key > afterKey);
    return this.#record('listValues', [category, afterKey, limit], after.slice(0, limit));
  }

  getValue(category: string, key: string) {
    return this.#record('getValue', [category, key], this.values[0]);
  }

  readonly longTurns = new LongTurns(setImmediate);
  readonly turns: (() => number)[] = [];

  heedTurns(waitedMs: () => number): void {
    this.turns.push(waitedMs);
  }

  destinations() {
    return [];
  }

  nodes() {
    const times = { startedMs: 1000, heardMs: 2000 };
    const flags = { isThis: true, isDraining: false, isDead: false };
    return [{ id: 'i1', name: 'host:1', version: '1.2.3', format: 2, ...flags, ...times }];
  }

  drain(id: string): Promise<void> {
    return this.#record('drain', [id], undefined);
  }

  clockState(): ClockState {
    return { nowMs: 0, wallMs: 0, held: undefined };
  }

  acceptClock(): Promise<boolean> {
    return this.#record('acceptClock', [], false);
  }

  unready(): string | undefined {
    return this.reason;
  }

  async #record<Value>(name: string, asked: readonly unknown[], value: Value): Promise<Value> {
    this.asked.push([name, ...asked]);
    await this.gate;
    if (this.refusal !== undefined) throw this.refusal;
    return value;
  }
}

/** A transaction for answers. */
export function shown(definition: Partial<Definition> = {}, progress: Partial<Progress> = {}): ShownTransaction {
  return {
    definition: {
      gid: 'g1',
      type: 'saga',
      protocol: 'http',
      steps: [],
      queryPrepared: '',
      options: noOptions,
      customData: '',
      createdMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      ...definition,
    },
    branches: [],
    progress: {
      status: 'submitted',
      operations: '',
      retries: {},
      attempts: [],
      attemptCount: 0,
      intervalMs: 10_000,
      dueMs: Date.UTC(2026, 0, 2, 3, 4, 15, 678),
      submittedMs: 0,
      updatedMs: Date.UTC(2026, 0, 2, 3, 4, 6, 0),
      finishedMs: 0,
      incident: '',
      reason: '',
      ...progress,
    },
    owner: null,
    handedBack: true,
    version: 1,
    createToken: '',
    writeToken: '',
  };
}

/** The same as the engine holds it. */
export function held(transaction: ShownTransaction): Transaction {
  const { definition, branches, progress } = transaction;
  const defaults = {
    requestTimeoutMs: 3000,
    retryIntervalMs: 10_000,
    timeoutToFailMs: 35_000,
    backoffCapMs: 600_000,
    alertAfterErrors: 3,
  };
  return restoreTransaction(definition, branches, progress, defaults);
}

export interface Started {
  readonly coordinator: RecordingCoordinator;
  readonly server: HttpServer;
  readonly base: string;
  readonly port: number;
  readonly observed: string[];
  /** What it was made of. */
  readonly parts: HttpParts;
}

/** A server on a free port; the test closes it. */
export async function start(given: Partial<HttpParts> = {}, port = 0): Promise<Started> {
  const coordinator = new RecordingCoordinator();
  const observed: string[] = [];
  const parts: HttpParts = {
    coordinator,
    version: '1.2.3',
    exposition: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'a 1\n' }),
    observer: {
      route: (transport, api) => (isFine) => observed.push(`${transport} ${api} ${isFine ? 'ok' : 'fail'}`),
      unknownFields: (transport, api, names) => observed.push(`${transport} ${api} unknown: ${names.join()}`),
      answered: () => undefined,
      broke: (route, error) => observed.push(`broke ${route} ${error}`),
    },
    ...given,
    settings: { ...(given.settings ?? httpDefaults), port },
  };
  const server = createHttpServer(parts);
  const bound = await server.listen();
  return { coordinator, server, base: `http://${bound.host}:${bound.port}`, port: bound.port, observed, parts };
}

/** Sends bytes as they are and gives back all that came until the connection ended. */
export function raw(port: number, ...chunks: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(received).toString('utf8')));
    for (const chunk of chunks) socket.write(chunk);
  });
}

/** Waits until it is so, for 10 s at most. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + 10_000; !(await condition()); ) {
    assert.ok(performance.now() < endMs, 'waited for 10 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Bytes of array buffers that are in use, once nothing more can be collected. Freeing goes on beside a collection. */
export async function arrayBytesInUse(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  let bytes = Number.POSITIVE_INFINITY;
  for (let same = 0; same < 5; ) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = process.memoryUsage().arrayBuffers;
    same = now === bytes ? same + 1 : 0;
    bytes = now;
  }
  return bytes;
}

/** The two ways in, each with what stands before a path: a doubled slash is no path that the lane knows. */
export const ways = [
  { way: 'lane', root: '' },
  { way: 'node:http', root: '/' },
] as const;
