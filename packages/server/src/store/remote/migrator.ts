import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { StoreError } from '../store.ts';
import { issueAgain } from './batch.ts';
import { RemoteError } from './judged.ts';

/** What one version of Holdfast changes in the tables and procedures (decision 0034). A released one is never edited. */
export interface Migration {
  /** Each can be run again, and then does nothing. They only add: the version before goes on beside this one. */
  readonly adds: readonly string[];
  /** What only earlier versions use. They are run when somebody says that none of them runs any more. */
  readonly removes: readonly string[];
}

/** The two numbers of a schema. */
export interface SchemaState {
  /** So many migrations have been made. */
  readonly version: number;
  /** Programs that know fewer migrations may not use it any more. */
  readonly oldest: number;
  /** The version of Holdfast, for people, that said so. */
  readonly oldestName: string;
}

/** Tables and procedures in one database, in the dialect of its server. */
export interface Schema {
  /** For people: `the schema holdfast`. */
  readonly name: string;
  /** Undefined: there is none yet. */
  readState(): Promise<SchemaState | undefined>;
  /** What makes the row of the state, and what that is in. */
  creation(): Promise<readonly string[]>;
  /** A statement of a migration, with the names of this schema. */
  named(statement: string): string;
  /** The statement that notes the first number; never a smaller one. */
  reached(version: number): string;
  /** The statement that notes the second number; never a smaller one. */
  onlyFrom(version: number, name: string): string;
  /** Does nothing where it has been done. Waits for locks only shortly. @throws RemoteError */
  run(statement: string): Promise<void>;
  /** Takes or renews the lease, on a connection of its own. False: somebody else has it. */
  takeLease(me: string, seconds: number): Promise<boolean>;
  releaseLease(me: string): Promise<void>;
  /** Those of the coordinators whose heartbeats are fresh that know fewer migrations, for people. */
  olderNodes(version: number): Promise<readonly string[]>;
}

export interface MigratorParts {
  readonly schema: Schema;
  readonly migrations: readonly Migration[];
  /** Of this Holdfast, for people. */
  readonly version: string;
  /** Default 5. A migrator that dies holds up the others for so long. */
  readonly leaseSeconds?: number;
}

/** What to tell whoever runs a program that may not use the schema any more, which knows so many migrations. */
export const tooOld = (schemaName: string, { version, oldestName }: SchemaState, program: string, knows: number) =>
  `${schemaName} has version ${version}, and this Holdfast (${program}) knows up to ${knows}: ` +
  `start Holdfast ${oldestName} or later`;

/** How long a migration waits for another migrator, or for a lock on a table. */
const patienceMs = 600_000;
const lookEveryMs = 100;
const retryEveryMs = 500;

/**
 * Brings a schema to the version of this program. Any number of programs may start at once: one of them does the work,
 * under a lease in a row, and the others wait. Who finds the work done needs no right to change anything.
 */
export class Migrator {
  readonly #schema: Schema;
  readonly #migrations: readonly Migration[];
  readonly #version: string;
  readonly #leaseSeconds: number;
  readonly #me = randomUUID();

  constructor({ schema, migrations, version, leaseSeconds = 5 }: MigratorParts) {
    this.#schema = schema;
    this.#migrations = migrations;
    this.#version = version;
    this.#leaseSeconds = leaseSeconds;
  }

  /** @throws StoreError `version` where only newer programs may use the schema, `locked`; RemoteError */
  async migrate(): Promise<void> {
    const found = await this.#readState();
    if (this.#additions(found).length === 0) return;
    await this.#advised(async () => {
      if (found === undefined) await this.#create();
      await this.#alone(async () => this.#additions(await this.#readState()));
    });
  }

  /**
   * Removes what only earlier versions use; from then on these may not use the schema.
   * @throws StoreError `version` where it is not migrated yet, or only newer programs may use it; `locked` while a
   *   coordinator of an earlier version runs; RemoteError
   */
  async finish(): Promise<void> {
    const { name } = this.#schema;
    const state = await this.#readState();
    if (state === undefined || state.version < this.#migrations.length) {
      throw new StoreError('version', `${name} is not as this Holdfast needs it: run holdfast migrate first`);
    }
    const [bound, ...removals] = this.#removals();
    if (bound === undefined) return;
    await this.#advised(async () => {
      await this.#refuseOlderNodes();
      await this.#alone(async () => [bound]);
      // One may have started just before; none can from now on.
      await this.#refuseOlderNodes();
      await this.#alone(async () => removals);
    });
  }

  /** What `migrate` or `finish` would run, in order. It needs no right to change anything. */
  async plan(isFinish: boolean): Promise<readonly string[]> {
    const state = await this.#readState();
    if (isFinish) return this.#removals();
    const first = state === undefined ? await this.#schema.creation() : [];
    return [...first, ...this.#additions(state)];
  }

  #additions(state: SchemaState | undefined): readonly string[] {
    return this.#migrations.flatMap(({ adds }, index) => {
      if (index < (state?.version ?? 0)) return [];
      return [...adds.map((statement) => this.#schema.named(statement)), this.#schema.reached(index + 1)];
    });
  }

  /** First of all, who may not use the schema any more. */
  #removals(): readonly string[] {
    const removes = this.#migrations.flatMap((migration) => migration.removes);
    if (removes.length === 0) return [];
    const from = this.#migrations.findLastIndex((migration) => migration.removes.length > 0) + 1;
    return [this.#schema.onlyFrom(from, this.#version), ...removes.map((one) => this.#schema.named(one))];
  }

  async #readState(): Promise<SchemaState | undefined> {
    const state = await this.#schema.readState();
    if (state === undefined || state.oldest <= this.#migrations.length) return state;
    throw new StoreError('version', tooOld(this.#schema.name, state, this.#version, this.#migrations.length));
  }

  async #refuseOlderNodes(): Promise<void> {
    const nodes = await this.#schema.olderNodes(this.#migrations.length);
    if (nodes.length === 0) return;
    throw new StoreError(
      'locked',
      `${this.#schema.name} is still used by coordinators of an earlier version: ${nodes.join(', ')}. Stop them or ` +
        'replace them by this version; one that was killed counts for a minute',
    );
  }

  /** Of two that create the same at once one is refused, and finds it there when it tries again. */
  async #create(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        for (const statement of await this.#schema.creation()) await this.#schema.run(statement);
        return;
      } catch (error) {
        const isRace = error instanceof RemoteError && ['data', 'again', 'refused'].includes(error.judgement);
        if (!isRace || attempt >= 5) throw error;
        await pause(lookEveryMs);
      }
    }
  }

  /** Runs what is left to run, under the lease; another migrator may have done it by then. */
  async #alone(left: () => Promise<readonly string[]>): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      const statements = await left();
      if (statements.length === 0) return;
      if (await this.#takeLease()) {
        if (await this.#runAll(statements)) return;
      } else if (performance.now() > untilMs) {
        throw new StoreError(
          'locked',
          `${this.#schema.name} is being changed by another Holdfast: wait for it, then start again`,
        );
      } else {
        await pause(lookEveryMs);
      }
    }
  }

  /** A statement may take long: the lease is renewed beside it. False: it was lost, and somebody else goes on. */
  async #runAll(statements: readonly string[]): Promise<boolean> {
    // Where that fails, the next one may succeed; and whether the lease was lost is asked after each statement.
    const renewing = setInterval(() => void this.#takeLease().catch(() => false), (this.#leaseSeconds * 1000) / 3);
    try {
      for (const statement of statements) {
        await this.#runPatiently(statement);
        if (!(await this.#takeLease())) return false;
      }
      return true;
    } catch (error) {
      // Two at once may get into each other's way.
      if (error instanceof RemoteError && error.judgement !== 'unknown' && !(await this.#takeLease())) return false;
      throw error;
    } finally {
      clearInterval(renewing);
      // A lease that is not given back ends by itself.
      await this.#schema.releaseLease(this.#me).catch(() => undefined);
    }
  }

  /** What waits for a table holds up all that comes after it: so it waits shortly, and often. */
  async #runPatiently(statement: string): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      try {
        await this.#schema.run(statement);
        return;
      } catch (error) {
        const isPassing = error instanceof RemoteError && (error.judgement === 'locked' || error.judgement === 'again');
        if (!isPassing || performance.now() > untilMs) throw error;
        await pause(retryEveryMs);
      }
    }
  }

  #takeLease(): Promise<boolean> {
    return issueAgain(() => this.#schema.takeLease(this.#me, this.#leaseSeconds));
  }

  async #advised(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof RemoteError) || error.judgement !== 'refused') throw error;
      const advice = 'or have somebody who may do it run what holdfast migrate --dry-run prints';
      throw new RemoteError('refused', `${this.#schema.name} cannot be migrated: ${error.message}; ${advice}`, error);
    }
  }
}
