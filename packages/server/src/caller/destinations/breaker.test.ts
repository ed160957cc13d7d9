import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Breaker } from './breaker.ts';
import { defaultDestinationLimits } from './limits.ts';

const limits = { ...defaultDestinationLimits, breakerFailures: 3, breakerOpenMs: 1000, breakerOpenMaxMs: 4000 };

/** A breaker that has opened at `nowMs`. */
function opened(nowMs: number): Breaker {
  const breaker = new Breaker(limits);
  for (let failure = 1; failure <= 3; failure += 1) {
    assert.equal(breaker.failed(breaker.begin(nowMs), nowMs), failure === 3);
  }
  return breaker;
}

test('only failures in a row open it', () => {
  const breaker = new Breaker(limits);
  for (let round = 0; round < 5; round += 1) {
    breaker.failed(breaker.begin(0), 0);
    breaker.failed(breaker.begin(0), 0);
    assert.equal(breaker.succeeded(breaker.begin(0)), false);
  }
  assert.equal(breaker.state, 'closed');
  assert.ok(breaker.admits(0));
});

test('open, then one probe at a time; its success closes', () => {
  const breaker = opened(500);
  assert.equal(breaker.state, 'open');
  assert.ok(!breaker.admits(1499));
  assert.equal(breaker.retryMs(600), 1500);
  assert.ok(breaker.admits(1500));
  const probe = breaker.begin(1500);
  assert.equal(breaker.state, 'half-open');
  assert.ok(!breaker.admits(5499));
  assert.equal(breaker.retryMs(1600), 2600);
  assert.equal(breaker.succeeded(probe), true);
  assert.equal(breaker.state, 'closed');
  assert.ok(!breaker.failed(breaker.begin(1700), 1700), 'the count starts again');
});

test('each failed probe doubles the wait, up to its cap; a success resets it', () => {
  const breaker = opened(0);
  let nowMs = 1000;
  for (const waitMs of [2000, 4000, 4000]) {
    assert.ok(breaker.admits(nowMs));
    assert.equal(breaker.failed(breaker.begin(nowMs), nowMs), true);
    assert.equal(breaker.openUntilMs, nowMs + waitMs);
    nowMs += waitMs;
  }
  breaker.succeeded(breaker.begin(0));
  for (let failure = 0; failure < 3; failure += 1) breaker.failed(breaker.begin(nowMs), nowMs);
  assert.equal(breaker.openUntilMs, nowMs + 1000);
});

test('what went out before it opened or closed changes nothing any more', () => {
  const breaker = new Breaker(limits);
  const early = Array.from({ length: 10 }, () => breaker.begin(0));
  for (const ticket of early) breaker.failed(ticket, 0);
  assert.equal(breaker.openUntilMs, 1000);
  for (const ticket of early) assert.equal(breaker.succeeded(ticket), false);
  assert.equal(breaker.state, 'open');
  const probe = breaker.begin(0);
  for (const ticket of early) {
    assert.equal(breaker.failed(ticket, 1000), false);
    assert.equal(breaker.succeeded(ticket), false);
    breaker.withdrawn(ticket);
  }
  assert.equal(breaker.state, 'half-open');
  breaker.succeeded(probe);
  for (const ticket of [...early, probe]) assert.equal(breaker.failed(ticket, 1000), false);
  assert.equal(breaker.state, 'closed');
});

test('a probe that was not made leaves the next call to probe', () => {
  const breaker = opened(0);
  breaker.withdrawn(breaker.begin(0));
  assert.equal(breaker.state, 'open');
  assert.ok(breaker.admits(1000));
  const closed = new Breaker(limits);
  closed.withdrawn(closed.begin(0));
  assert.equal(closed.state, 'closed');
});

test('a probe without a result keeps the others out no longer than a breaker may be open: then another one goes', () => {
  const breaker = opened(0);
  const hanging = breaker.begin(1000);
  assert.ok(!breaker.admits(4999));
  assert.ok(breaker.admits(5000));
  const second = breaker.begin(5000);
  assert.ok(!breaker.admits(5001));
  assert.equal(breaker.succeeded(second), true);
  assert.equal(breaker.failed(hanging, 6000), false, 'it belongs to an earlier state');
  assert.equal(breaker.state, 'closed');
});
