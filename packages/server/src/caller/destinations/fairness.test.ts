import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinationOf } from './destination.ts';
import { Ramp } from './ramp.ts';
import { Rate } from './rate.ts';
import { Remembered } from './remembered.ts';
import { Ring } from './ring.ts';

const any = () => true;

test('a ring gives each member its turn, and skips who is not eligible', () => {
  const ring = new Ring<string>();
  for (const member of ['a', 'b', 'c']) ring.add(member);
  const turns = Array.from({ length: 6 }, () => ring.next(any));
  assert.deepEqual(turns.slice(0, 3).toSorted(), ['a', 'b', 'c']);
  assert.deepEqual(turns.slice(3), turns.slice(0, 3));
  assert.equal(
    ring.next((member) => member === 'b'),
    'b',
  );
  assert.equal(
    ring.next(() => false),
    undefined,
  );
  for (const member of ['a', 'b', 'c', 'd']) ring.remove(member);
  assert.equal(ring.size, 0);
  assert.equal(ring.next(any), undefined);
});

test('one that leaves a ring at its turn and joins again at once does not pass the others by', () => {
  const ring = new Ring<string>();
  ring.add('patient');
  ring.add('busy');
  const turns = new Map<string, number>();
  for (let turn = 0; turn < 100; turn += 1) {
    const member = ring.next(any) ?? '';
    turns.set(member, (turns.get(member) ?? 0) + 1);
    if (member !== 'busy') continue;
    ring.remove('busy');
    ring.add('busy');
  }
  assert.deepEqual([turns.get('patient'), turns.get('busy')], [50, 50]);
});

test('a ramp gives times one step apart, and starts a second layer where it would be too late', () => {
  const ramp = new Ramp();
  assert.deepEqual(
    [1000, 1000, 1000, 1500].map((earliestMs) => ramp.take(earliestMs, 1510, 100)),
    [1000, 1010, 1020, 1500],
  );
  assert.equal(ramp.take(1000, 1510, 100), 1510);
  assert.equal(ramp.take(1000, 1510, 100), 1000);
  assert.equal(ramp.take(1000, 1510, 100), 1010);
  ramp.reset();
  assert.equal(ramp.take(0, 1510, 100), 0);
});

test('100,000 refused calls come back spread, none later than allowed', () => {
  const ramp = new Ramp();
  const perSecond = new Map<number, number>();
  for (let call = 0; call < 100_000; call += 1) {
    const atMs = ramp.take(1000, 600_000, 200);
    assert.ok(atMs >= 1000 && atMs <= 600_000);
    const second = Math.floor(atMs / 1000);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  assert.ok(Math.max(...perSecond.values()) <= 201);
});

test('a rate is that of the last whole second or of the one under way', () => {
  const rate = new Rate(1000);
  assert.equal(rate.latest(0), 0);
  for (let event = 0; event < 30; event += 1) rate.count(500);
  assert.equal(rate.latest(900), 30);
  rate.count(1200);
  assert.equal(rate.latest(1300), 30);
  assert.equal(rate.latest(2300), 1);
  assert.equal(rate.latest(5000), 0);
});

test('what is not in use is forgotten, the longest unused first; what is in use never', () => {
  const remembered = new Remembered<number>(3);
  for (const value of [1, 2, 3]) remembered.add(`${value}`, value);
  remembered.used('1');
  remembered.used('2');
  remembered.unused('2');
  remembered.add('4', 4);
  assert.deepEqual([...remembered.values()], [1, 2, 4]);
  for (const value of [5, 6, 7]) {
    remembered.add(`${value}`, value);
    remembered.used(`${value}`);
  }
  assert.deepEqual([...remembered.values()], [1, 5, 6, 7]);
  remembered.unused('6');
  assert.deepEqual([...remembered.values()], [1, 5, 7]);
  assert.equal(remembered.get('1'), 1);
  assert.equal(remembered.get('6'), undefined);
});

test('a destination is origin and path, whatever the protocol or the text', () => {
  const cases: [url: string, origin: string, path: string][] = [
    ['http://Host:8080/a/b?c=d#e', 'http://host:8080', '/a/b'],
    ['https://host', 'https://host', '/'],
    ['http://host:80/a', 'http://host', '/a'],
    ['http://user:pw@host/a', 'http://host', '/a'],
    ['http://[::1]:9/a', 'http://[::1]:9', '/a'],
    ['localhost:58081/pkg.Service/Method', 'grpc://localhost:58081', '/pkg.Service/Method'],
    ['grpc://Localhost:58081/pkg.Service/Method', 'grpc://localhost:58081', '/pkg.Service/Method'],
    ['grpcs://1.2.3.4:443/pkg.Service/Method', 'grpcs://1.2.3.4:443', '/pkg.Service/Method'],
    ['1.2.3.4:9000/pkg.Service/Method', 'grpc://1.2.3.4:9000', '/pkg.Service/Method'],
    ['other://orders/pkg.Service/Method', 'other://orders', '/pkg.Service/Method'],
    ['svc/x', 'svc', '/x'],
    ['svc', 'svc', '/'],
  ];
  for (const [url, origin, path] of cases) assert.deepEqual(destinationOf(url), { origin, path }, url);
});
