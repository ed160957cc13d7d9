import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { RemoteError } from './judged.ts';
import { Pool, type Session } from './pool.ts';

class FakeSession implements Session {
  isLost = false;
  how: 'open' | 'ended' | 'destroyed' = 'open';

  end(): void {
    this.how = 'ended';
  }

  destroy(): void {
    this.how = 'destroyed';
  }
}

function aPool(size: number) {
  const sessions: FakeSession[] = [];
  const pool = new Pool({
    size,
    connect: async () => {
      const session = new FakeSession();
      sessions.push(session);
      return session;
    },
  });
  return { pool, sessions };
}

const longMs = 60_000;

test('one connection serves who asks one after the other, and several who ask at once, up to its size', async () => {
  const { pool, sessions } = aPool(2);
  for (const text of ['a', 'b']) assert.equal(await pool.use(longMs, async () => text), text);
  assert.equal(sessions.length, 1);
  const gate = Promise.withResolvers<void>();
  const order: number[] = [];
  const all = [1, 2, 3].map((number) =>
    pool.use(longMs, async () => {
      order.push(number);
      await gate.promise;
    }),
  );
  await setImmediate();
  assert.deepEqual(order, [1, 2]);
  gate.resolve();
  await Promise.all(all);
  assert.deepEqual([order, sessions.length], [[1, 2, 3], 2]);
});

test('what does not answer in time is of unknown outcome; its connection is destroyed, and another is opened', async () => {
  const { pool, sessions } = aPool(1);
  const never = new Promise<void>(() => undefined);
  await assert.rejects(
    pool.use(200, () => never),
    { judgement: 'unknown' },
  );
  assert.equal(sessions[0]?.how, 'destroyed');
  assert.equal(await pool.use(longMs, async () => 'served'), 'served');
  assert.equal(sessions.length, 2);
});

test('who gets no connection in time was surely not served', async () => {
  const { pool } = aPool(1);
  const gate = Promise.withResolvers<void>();
  const first = pool.use(longMs, () => gate.promise);
  await assert.rejects(
    pool.use(5, () => Promise.reject(new Error('served'))),
    { judgement: 'unreached' },
  );
  gate.resolve();
  await first;
});

test('a server that cannot be reached is told to all who wait', async () => {
  const pool = new Pool<FakeSession>({
    size: 2,
    connect: () => Promise.reject(new RemoteError('unreached', 'nobody there')),
  });
  const asked = [1, 2, 3].map(() =>
    assert.rejects(
      pool.use(longMs, async () => 1),
      /nobody there/,
    ),
  );
  await Promise.all(asked);
});

test('a lost connection is used by nobody', async () => {
  const { pool, sessions } = aPool(1);
  await pool.use(longMs, async () => undefined);
  const [first] = sessions;
  assert.ok(first !== undefined);
  first.isLost = true;
  await pool.use(longMs, async (session) => assert.notEqual(session, first));
});

test('dropped: idle ones end at once, those in use after their call', async () => {
  const { pool, sessions } = aPool(2);
  const gate = Promise.withResolvers<void>();
  const busy = pool.use(longMs, () => gate.promise);
  await pool.use(longMs, async () => undefined);
  pool.drop('idle');
  assert.deepEqual(sessions.map(({ how }) => how).sort(), ['ended', 'open']);
  gate.resolve();
  await busy;
  assert.deepEqual([...new Set(sessions.map(({ how }) => how))], ['ended']);
  await pool.use(longMs, async (session) => assert.ok(!sessions.slice(0, 2).includes(session)));
});

test('cut: the outcome of what is under way is unknown, whatever is answered later', async () => {
  const { pool, sessions } = aPool(2);
  const answer = Promise.withResolvers<string>();
  const busy = pool.use(longMs, () => answer.promise);
  await pool.use(longMs, async () => undefined);
  pool.drop('cut');
  answer.resolve('done');
  await assert.rejects(busy, { judgement: 'unknown', message: /used at another host now/ });
  assert.deepEqual(sessions.map(({ how }) => how).sort(), ['destroyed', 'ended']);
  await pool.use(longMs, async (session) => assert.ok(!sessions.slice(0, 2).includes(session)));
});

test('closed: who waits is refused, nobody is served, and what is under way ends', async () => {
  const { pool } = aPool(1);
  const gate = Promise.withResolvers<void>();
  const busy = pool.use(longMs, () => gate.promise);
  const isRefused = { message: 'the store is closed' };
  const waiting = assert.rejects(
    pool.use(longMs, async () => 1),
    isRefused,
  );
  await setImmediate();
  let isClosed = false;
  const closing = pool.close().then(() => {
    isClosed = true;
  });
  await waiting;
  await assert.rejects(
    pool.use(longMs, async () => 1),
    isRefused,
  );
  assert.ok(!isClosed, 'it waits for the call under way');
  gate.resolve();
  await Promise.all([busy, closing]);
});

test('a connection that is had too late is of no use: it was surely not asked', async () => {
  let connected: (session: FakeSession) => void = () => undefined;
  const pool = new Pool<FakeSession>({
    size: 1,
    connect: () =>
      new Promise((resolve) => {
        connected = resolve;
      }),
  });
  const served = pool.use(20, () => Promise.reject(new Error('served')));
  const untilMs = performance.now() + 30;
  // Nothing else runs meanwhile: the time is over, and its timer has told nobody.
  while (performance.now() < untilMs);
  connected(new FakeSession());
  await assert.rejects(served, { judgement: 'unreached' });
  assert.equal(await pool.use(longMs, async () => 'served'), 'served');
});

test('a connection that is had late is left to the next: it was not asked, and is not lost for want of time', async () => {
  const sessions: FakeSession[] = [];
  const pool = new Pool<FakeSession>({
    size: 1,
    connect: async () => {
      // Its time is over for the most part, and not yet at its end.
      const untilMs = performance.now() + 120;
      while (performance.now() < untilMs);
      const session = new FakeSession();
      sessions.push(session);
      return session;
    },
  });
  await assert.rejects(
    pool.use(200, () => Promise.reject(new Error('served'))),
    { judgement: 'unreached', message: /a connection to the database was had after 1?\d\d ms only/ },
  );
  assert.equal(await pool.use(longMs, async () => 'served'), 'served');
  assert.deepEqual(
    sessions.map(({ how }) => how),
    ['open'],
  );
});
