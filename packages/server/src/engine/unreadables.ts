import { type Store, type StoredTransaction, UnreadableError, type UnreadableRow } from '../store/store.ts';

/** How many are remembered as told; beyond that the first may be told again. */
const mostRemembered = 10_000;

export interface UnreadablesContext {
  tell(row: UnreadableRow): void;
  /** What was told before is stored as an incident now, which owes an alert. */
  stored(row: UnreadableRow): void;
  /** Nobody has it: a claim makes an incident of it, which is stored, counted and alerted on. */
  claimSoon(gid: string): void;
}

/**
 * Transactions whose rows cannot be read, each told once while the process runs, wherever it was met: as somebody asked for
 * it, listed it, or claimed it.
 */
export class Unreadables {
  readonly #context: UnreadablesContext;
  readonly #told = new Map<string, string>();

  constructor(context: UnreadablesContext) {
    this.#context = context;
  }

  /** The same store, whose reads tell of what could not be read. */
  watch(store: Store): Store {
    const load: Store['load'] = async (...asked) => {
      try {
        return await store.load(...asked);
      } catch (error) {
        if (error instanceof UnreadableError) this.#met(error.row);
        throw error;
      }
    };
    const list: Store['list'] = async (filter) => {
      const page = await store.list(filter);
      for (const listed of page.transactions) if (isUnreadable(listed)) this.#met(rowOf(listed));
      return page;
    };
    const claim: Store['claim'] = async (request) => {
      const result = await store.claim(request);
      for (const row of result.unreadable ?? []) if (!this.#tellOnce(row)) this.#context.stored(row);
      return result;
    };
    const watched = new Map<string | symbol, unknown>(Object.entries({ load, list, claim }));
    return new Proxy(store, {
      get: (target, name) => {
        const known = watched.get(name);
        if (known !== undefined) return known;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }

  #met(row: UnreadableRow): void {
    const isNew = this.#tellOnce(row);
    if (isNew && row.owner === null && row.status !== 'succeed' && row.status !== 'failed')
      this.#context.claimSoon(row.gid);
  }

  #tellOnce(row: UnreadableRow): boolean {
    const { gid, incident } = row;
    if (this.#told.get(gid) === incident) return false;
    if (this.#told.size >= mostRemembered) this.#told.clear();
    this.#told.set(gid, incident);
    this.#context.tell(row);
    return true;
  }
}

const isUnreadable = ({ progress }: StoredTransaction) => progress.incident.startsWith('unreadable: ');

function rowOf({ definition, progress, owner, version }: StoredTransaction): UnreadableRow {
  const { gid, type, createdMs } = definition;
  return { gid, type, status: progress.status, incident: progress.incident, owner, version, createdMs };
}
