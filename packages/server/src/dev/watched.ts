import type { Runtime } from '../engine/ports.ts';
import type { Store } from '../store/store.ts';
import type { Activity } from './activity.ts';

/** The same store, whose operations count as running, and which tells who is driven. */
export function watchedStore(store: Store, activity: Activity): Store {
  const telling: Pick<Store, 'claim' | 'commit'> = {
    claim: async (request) => {
      const result = await store.claim(request);
      for (const { definition } of result.claimed) activity.drove(definition.gid);
      return result;
    },
    commit: (batch) => {
      for (const { kind, gid } of batch) if (kind === 'update') activity.drove(gid);
      return store.commit(batch);
    },
  };
  return new Proxy(store, {
    get: (target, name) => {
      const source = Object.hasOwn(telling, name) ? telling : target;
      const member: unknown = Reflect.get(source, name, source);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => activity.during(Reflect.apply(member, source, given));
    },
  });
}

/** The machine's time, whose timers and actions count as running: whoever waits for the store is not at rest. */
export function watchedRuntime(machine: Runtime, activity: Activity): Runtime {
  return {
    ...machine,
    soon: (action) => {
      const ended = activity.begin();
      machine.soon(() => {
        action();
        ended();
      });
    },
    setTimer: (delayMs, action) => {
      const ended = activity.begin();
      const timer = machine.setTimer(delayMs, () => {
        action();
        ended();
      });
      return {
        cancel: () => {
          timer.cancel();
          ended();
        },
      };
    },
  };
}
