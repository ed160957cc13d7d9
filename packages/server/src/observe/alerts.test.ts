import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualRuntime } from '../engine/testing/manual-runtime.ts';
import { aDefinition, aProgress } from '../store/contract/fixtures.ts';
import { type AlertRequest, nextAlertMs, type OwedAlert, type StoredTransaction, StoreError } from '../store/store.ts';
import { Alerts } from './alerts.ts';
import type { Posted } from './webhook.ts';

const sent: Posted = { kind: 'sent' };
const refused: Posted = { kind: 'refused', reason: 'HTTP 400' };
const unavailable: Posted = { kind: 'unavailable', reason: 'no answer' };

interface Owed {
  readonly gid: string;
  dueMs: number;
  tries: number;
}

/** What the store owes, as its contract says. */
class OwedStore {
  readonly rows: Owed[] = [];
  isDown = false;
  asked = 0;

  owe(...gids: readonly string[]): void {
    for (const gid of gids) this.rows.push({ gid, dueMs: 1, tries: 0 });
  }

  async takeAlerts(request: AlertRequest) {
    this.asked += 1;
    if (this.isDown) throw new StoreError('not-done', 'the store is away');
    const due = this.rows.filter(({ dueMs }) => dueMs <= request.nowMs);
    due.sort((one, other) => one.tries - other.tries || one.dueMs - other.dueMs);
    const taken = due.slice(0, request.limit).map((row): OwedAlert => {
      row.dueMs = nextAlertMs(request, row.tries);
      row.tries += 1;
      return { gid: row.gid, type: 'saga', status: 'submitted', incident: 'in need', againMs: row.dueMs };
    });
    const nextMs = this.rows.length === 0 ? undefined : Math.min(...this.rows.map(({ dueMs }) => dueMs));
    return { taken, nextMs: taken.length < request.limit ? nextMs : request.nowMs };
  }

  async alertTold({ gid, againMs }: OwedAlert) {
    const index = this.rows.findIndex((row) => row.gid === gid && row.dueMs === againMs);
    if (index >= 0) this.rows.splice(index, 1);
  }

  async load([gid = '']: readonly string[]): Promise<readonly StoredTransaction[]> {
    if (gid.startsWith('damaged')) throw new StoreError('version', 'cannot be read');
    const incident = gid.startsWith('ended') ? '' : 'in need';
    return [
      {
        definition: aDefinition(gid),
        branches: [],
        progress: aProgress('submitted', { incident }),
        ...{ owner: null, handedBack: true, version: 1, createToken: '', writeToken: '' },
      },
    ];
  }
}

/** @param answer to an alert of that gid; undefined: it hangs until the test ends it */
function started(answer: (gid: string) => Posted | Promise<Posted>) {
  const runtime = new ManualRuntime();
  const store = new OwedStore();
  const posted: string[] = [];
  const failures: unknown[] = [];
  let out = 0;
  let mostOut = 0;
  const alerts = new Alerts({
    store,
    runtime,
    nowMs: () => runtime.wallMs(),
    post: async (body) => {
      const { gid } = JSON.parse(body);
      posted.push(gid);
      out += 1;
      mostOut = Math.max(mostOut, out);
      const result = await answer(gid);
      out -= 1;
      return result;
    },
    tried: () => undefined,
    failed: (error) => failures.push(error),
  });
  return { runtime, store, posted, failures, alerts, mostOut: () => mostOut };
}

const many = (count: number, name = 'g') => Array.from({ length: count }, (_, index) => `${name}${index}`);

test('all that is owed is told once, a few at a time', async () => {
  const { runtime, store, posted, alerts, mostOut } = started(() => sent);
  store.owe(...many(30));
  alerts.owed();
  await runtime.settle();
  assert.deepEqual(posted.toSorted(), many(30).toSorted());
  assert.deepEqual([store.rows, mostOut()], [[], 4]);
});

test('one that is refused holds back no other, and is tried again after ever longer, for as long as it lasts', async () => {
  const { runtime, store, posted, alerts } = started((gid) => (gid === 'bad' ? refused : sent));
  store.owe('bad', ...many(10));
  alerts.owed();
  await runtime.advance(0);
  assert.equal(posted.length, 11);
  store.owe('late');
  alerts.owed();
  await runtime.advance(1000);
  assert.equal(posted.at(-1), 'late');
  await runtime.advance(4999);
  assert.equal(posted.length, 12);
  await runtime.advance(1);
  assert.deepEqual(posted.slice(12), ['bad']);
  await runtime.advance(3_600_000);
  const tries = posted.filter((gid) => gid === 'bad').length;
  assert.ok(tries > 12 && tries < 20, `${tries} tries in an hour`);
  assert.equal(posted.length, tries + 11);
});

test('a thousand that are refused hold back a fresh one for no more than a pause', async () => {
  const { runtime, store, posted, alerts } = started((gid) => (gid.startsWith('bad') ? refused : sent));
  store.owe(...many(1000, 'bad'));
  alerts.owed();
  await runtime.advance(1_500_000);
  store.owe('fresh');
  alerts.owed();
  const before = posted.length;
  await runtime.advance(2000);
  assert.ok(posted.slice(before).includes('fresh'));
});

test('a receiver that is unavailable gets one try at a time after ever longer pauses, then everything', async () => {
  let answer: Posted = unavailable;
  const { runtime, store, posted, alerts } = started(() => answer);
  store.owe(...many(1000));
  alerts.owed();
  await runtime.advance(3_600_000);
  assert.ok(posted.length < 80, `${posted.length} posts in an hour`);
  answer = sent;
  await runtime.advance(360_000);
  assert.deepEqual(store.rows, []);
});

test('a receiver that does not answer one of them gets the others', async () => {
  const { runtime, store, posted, alerts } = started(async (gid) => {
    if (gid !== 'hangs') return sent;
    await new Promise<void>((resolve) => runtime.setTimer(5000, resolve));
    return unavailable;
  });
  store.owe('hangs', ...many(10));
  alerts.owed();
  await runtime.advance(5000);
  assert.equal(posted.length, 11);
  assert.deepEqual(
    store.rows.map(({ gid }) => gid),
    ['hangs'],
  );
});

test('what has ended meanwhile is not told; what cannot be read is, from its columns', async () => {
  const { runtime, store, posted, alerts } = started(() => sent);
  store.owe('ended', 'damaged', 'g');
  alerts.owed();
  await runtime.settle();
  assert.deepEqual(posted, ['damaged', 'g']);
});

test('a store that is away is told of and asked again; one that owes nothing is asked once a minute', async () => {
  const { runtime, store, posted, failures, alerts } = started(() => sent);
  store.owe('g');
  store.isDown = true;
  alerts.owed();
  await runtime.advance(60_000);
  assert.ok(failures.length >= 5 && failures.length <= 7, `${failures.length} failures`);
  store.isDown = false;
  await runtime.advance(60_000);
  assert.deepEqual(posted, ['g']);
  // Another node may have died with alerts to tell.
  store.asked = 0;
  store.owe('of another node');
  await runtime.advance(60_000);
  assert.deepEqual(posted, ['g', 'of another node']);
  assert.ok(store.asked <= 2, `asked ${store.asked} times`);
});

test('once it is stopped nothing more goes out, and what is under way stays owed', async () => {
  let answered: (result: Posted) => void = () => undefined;
  const { runtime, store, posted, alerts } = started(
    () =>
      new Promise((resolve) => {
        answered = resolve;
      }),
  );
  store.owe('g');
  alerts.owed();
  await runtime.settle();
  alerts.stop();
  store.owe('h');
  alerts.owed();
  answered(sent);
  await runtime.advance(3_600_000);
  assert.deepEqual([posted, store.rows.length, runtime.timerCount], [['g'], 2, 0]);
});
