import type { Store } from '../store/store.ts';

/** Every operation that is timed: what goes to the store while it serves. */
const operations = [
  'ping',
  'commit',
  'load',
  'claim',
  'owned',
  'makeDue',
  'makeManyDue',
  'list',
  'takeAlerts',
  'alertTold',
  'purge',
  'counts',
  'heartbeat',
  'changed',
  'getValue',
  'listValues',
  'putValue',
  'deleteValue',
] as const satisfies readonly (keyof Store)[];

export type StoreOperation = (typeof operations)[number];

/** The same store, which tells how long each operation took. */
export function timedStore(
  store: Store,
  took: (operation: StoreOperation, isDone: boolean, durationMs: number) => void,
): Store {
  const timed = new Map<string | symbol, unknown>(
    operations.map((operation) => {
      const run = async (...given: unknown[]) => {
        const startedMs = performance.now();
        let isDone = false;
        try {
          const result: unknown = await Reflect.apply(store[operation], store, given);
          isDone = true;
          return result;
        } finally {
          took(operation, isDone, performance.now() - startedMs);
        }
      };
      return [operation, run];
    }),
  );
  return new Proxy(store, {
    get: (target, name) => {
      const known = timed.get(name);
      if (known !== undefined) return known;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
