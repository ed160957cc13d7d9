import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, orderOf, Rotation } from './address.ts';

const address = (base: string, priority = 0, weight = 0): Address => ({ base, authority: '', priority, weight });
const bases = (addresses: readonly Address[]) => addresses.map(({ base }) => base).join('');
const zero = () => 0;

/** Spread evenly over 0 <= x < 1, in an order without pattern. */
function evenly(): () => number {
  let state = 1;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
}

test('addresses of the same weight take turns, and the others follow in order', () => {
  const rotation = new Rotation([address('a'), address('b'), address('c')]);
  const orders = Array.from({ length: 4 }, () => bases(rotation.next(zero)));
  assert.deepEqual(orders, ['abc', 'bca', 'cab', 'abc']);
});

test('a new list of the same name goes on where the last one had got to', () => {
  const rotation = new Rotation([address('a'), address('b')]);
  rotation.next(zero);
  assert.equal(bases(new Rotation([address('a'), address('b')], rotation.turn).next(zero)), 'ba');
});

test('a higher priority number comes after all of the lower ones, and takes turns within itself', () => {
  const addresses = [address('x', 20), address('a', 10), address('y', 20), address('b', 10)];
  assert.equal(bases(orderOf(addresses, 0, zero)), 'abxy');
  assert.equal(bases(orderOf(addresses, 1, zero)), 'bayx');
});

test('weights are shares of the first place', () => {
  const addresses = [address('a', 0, 3), address('b', 0, 1)];
  const random = evenly();
  const rounds = 20_000;
  let first = 0;
  for (let turn = 0; turn < rounds; turn += 1) if (bases(orderOf(addresses, turn, random)) === 'ab') first += 1;
  assert.ok(Math.abs(first / rounds - 0.75) < 0.02, String(first / rounds));
});

test('a weight of 0 beside others is for when they cannot be reached', () => {
  const addresses = [address('b', 0, 0), address('a', 0, 1)];
  for (const chance of [0, 0.5, 0.999999]) assert.equal(bases(orderOf(addresses, 0, () => chance)), 'ab');
});

test('every address is in every order, once, whatever the chance', () => {
  const addresses = ['a', 'b', 'c', 'd', 'e'].map((base, index) => address(base, index % 2, index));
  for (const chance of [0, 0.25, 0.5, 0.999999]) {
    const order = orderOf(addresses, 7, () => chance);
    assert.equal(bases(order).split('').sort().join(''), 'abcde');
  }
  assert.deepEqual(orderOf([], 3, zero), []);
});
