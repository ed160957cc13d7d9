import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Engine } from '../../../packages/server/src/engine/engine.ts';
import { settings } from '../../../packages/server/src/engine/testing/engine-world.ts';
import { systemRuntime } from '../../../packages/server/src/runtime.ts';
import type { Store } from '../../../packages/server/src/store/store.ts';
import { until } from '../../lib/until.ts';
import type { StoreKind } from './kinds.ts';

const engines = 100;
const measuredMs = 5000;
const mostTries = 10;
/** Two a node, and what the test itself has open. */
const mostConnections = 2 * engines + 5;

/** What coordinators that have nothing to do cost their database. */
export function testIdleNodes(kind: StoreKind): void {
  const options = { skip: kind.missing ?? false, timeout: 300_000 };
  it(
    `${engines} idle coordinators ask one ${kind.name} 110 times a second at most, over two connections each`,
    options,
    async (t) => {
      const fixture = await kind.start({ [kind.connectionsSetting]: mostConnections + 20 });
      const running: { readonly engine: Engine; readonly store: Store }[] = [];
      const warnings: string[] = [];
      try {
        for (let index = 0; index < engines; index += 1) {
          const store = fixture.store({ connections: 1 });
          await store.open();
          const engine = engineOn(store, `node-${index}`, warnings);
          running.push({ engine, store });
          await engine.start();
        }
        await until(
          'each has heard of all',
          () => running.every(({ engine }) => engine.nodes().length >= engines),
          60_000,
        );
        let aSecond = 0;
        // Heartbeats that a busy machine answers too late are sent again: such a time says nothing.
        for (let left = mostTries; left > 0; left -= 1) {
          warnings.length = 0;
          const before = await fixture.asked();
          const beganMs = performance.now();
          // Not a wait for something to happen: what is measured is that nothing does.
          await new Promise((resolve) => setTimeout(resolve, measuredMs));
          aSecond = (((await fixture.asked()) - before) * 1000) / (performance.now() - beganMs);
          if (warnings.length === 0) break;
        }
        const connections = await fixture.connected();
        t.diagnostic(`${aSecond.toFixed(1)} a second, ${connections} connections`);
        assert.ok(aSecond <= 110, `${aSecond} a second`);
        assert.ok(aSecond >= 60, `${aSecond} a second: they live`);
        assert.ok(connections <= mostConnections, `${connections} connections`);
        assert.deepEqual(warnings, []);
      } finally {
        for (const { engine, store } of running) {
          await engine.stop(0);
          await store.close();
        }
        await fixture.stop();
      }
    },
  );
}

function engineOn(store: Store, name: string, warnings: string[]): Engine {
  const ignored = () => undefined;
  return new Engine({
    store,
    node: { name, version: '0' },
    caller: {
      call: () => {
        throw new Error('an idle coordinator calls nobody');
      },
    },
    runtime: systemRuntime,
    settings,
    events: {
      attempted: ignored,
      created: ignored,
      moved: ignored,
      ignored,
      decided: ignored,
      incident: ignored,
      unreadable: ignored,
      journalCommitted: ignored,
      warned: (message, error) => void warnings.push(`${name}: ${message}: ${String(error)}`),
      fatal: (error) => void warnings.push(`${name} is lost: ${String(error)}`),
    },
  });
}
