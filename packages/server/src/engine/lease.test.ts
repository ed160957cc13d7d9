import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeartbeatLease, LockLease } from './lease.ts';
import { ManualRuntime } from './testing/manual-runtime.ts';

test('a heartbeat counts from when it was sent, a margin less than others give it', async () => {
  const runtime = new ManualRuntime();
  const lease = new HeartbeatLease('me', runtime);
  assert.equal(lease.isValid(), false, 'before the first heartbeat');
  lease.renew(runtime.monotonicMs(), runtime.wallMs());
  await runtime.advance(3999);
  assert.equal(lease.isValid(), true);
  await runtime.advance(1);
  assert.equal(lease.isValid(), false);
});

test('a lease that has lapsed stays lapsed, also when the answer to its heartbeat comes after all', async () => {
  const runtime = new ManualRuntime();
  const lease = new HeartbeatLease('me', runtime);
  lease.renew(runtime.monotonicMs(), runtime.wallMs());
  await runtime.advance(3500);
  const sentMs = runtime.monotonicMs();
  const sentWallMs = runtime.wallMs();
  await runtime.advance(1000);
  lease.renew(sentMs, sentWallMs);
  assert.equal(lease.isValid(), false);
});

test('the wall clock ends a lease too: the monotonic one stands still while the machine sleeps', () => {
  const runtime = new ManualRuntime();
  const lease = new HeartbeatLease('me', runtime);
  lease.renew(runtime.monotonicMs(), runtime.wallMs());
  runtime.wallOffsetMs += 4000;
  assert.equal(lease.isValid(), false);
});

test('a lease that was seen to have lapsed stays lapsed, also when the wall clock is set back', () => {
  const runtime = new ManualRuntime();
  const lease = new HeartbeatLease('me', runtime);
  lease.renew(runtime.monotonicMs(), runtime.wallMs());
  runtime.wallOffsetMs += 4000;
  assert.equal(lease.isValid(), false);
  runtime.wallOffsetMs -= 4000;
  assert.equal(lease.isValid(), false);
  lease.renew(runtime.monotonicMs(), runtime.wallMs());
  assert.equal(lease.isValid(), false);
});

test('the lock of an exclusive store is a lease until it is ended', async () => {
  const runtime = new ManualRuntime();
  const lease = new LockLease('me');
  await runtime.advance(1_000_000);
  assert.equal(lease.isValid(), true);
  lease.end();
  assert.equal(lease.isValid(), false);
});
