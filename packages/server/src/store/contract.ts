import { describe, test } from 'node:test';
import { testAlerts } from './contract/alerts.ts';
import { testAppends } from './contract/appends.ts';
import { testClaims } from './contract/claims.ts';
import { testConcurrency } from './contract/concurrency.ts';
import { testContents } from './contract/contents.ts';
import { testDamage } from './contract/damage.ts';
import type { Case, OpenEmpty } from './contract/fixtures.ts';
import { testLists } from './contract/lists.ts';
import { testModel } from './contract/model.ts';
import { testNeeds } from './contract/needs.ts';
import { testNodes } from './contract/nodes.ts';
import { testUpkeep } from './contract/upkeep.ts';
import { testValues } from './contract/values.ts';
import { testWrites } from './contract/writes.ts';

export type { OpenEmpty, OpenStore } from './contract/fixtures.ts';

/**
 * The suite every store passes, unchanged: each sentence of store.ts. Where shared stores and exclusive ones differ,
 * the store's own `exclusive` decides. Gids, branch ids, owners and tokens are well-formed text without NUL.
 *
 * @param open an open store without data, a new one for each case; `close` also removes what it kept
 */
export function testStore(name: string, open: OpenEmpty): void {
  const declare: Case = (title, run) => {
    test(title, async () => {
      const opened = await open();
      try {
        await run(opened.store, opened);
      } finally {
        await opened.close();
      }
    });
  };
  describe(name, () => {
    testWrites(declare);
    testAppends(declare);
    testClaims(declare);
    testLists(declare);
    testAlerts(declare);
    testUpkeep(declare);
    testValues(declare);
    testContents(declare);
    testDamage(declare);
    testModel(declare);
    testNodes(declare);
    testNeeds(declare);
    testConcurrency(declare);
  });
}
