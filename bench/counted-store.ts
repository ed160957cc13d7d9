import type { Store } from 'holdfast/store/store';

/** What went through the storage interface since the start. */
export interface StoreCounts {
  rows: number;
  commits: number;
  /** Pages of claims that took something: durable writes too, outside the journal. */
  claims: number;
}

/** Counts on the store itself, so that the engine sees nothing new between it and the store. */
export function countWrites(store: Store): StoreCounts {
  const counts: StoreCounts = { rows: 0, commits: 0, claims: 0 };
  const commit = store.commit.bind(store);
  store.commit = (batch) => {
    counts.rows += batch.length;
    counts.commits += 1;
    return commit(batch);
  };
  const claim = store.claim.bind(store);
  store.claim = async (request) => {
    const result = await claim(request);
    if (result.claimed.length > 0) counts.claims += 1;
    return result;
  };
  return counts;
}
