import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Choice, choose, type Known, type Look } from './choice.ts';
import type { Stand } from './stand.ts';

const a = { host: 'a', port: 1 };
const b = { host: 'b', port: 1 };
const c = { host: 'c', port: 1 };

const mine = { incarnation: 'mine', count: 7 };
const running: Known = { host: a, term: 1, own: mine };
const starting: Known = { host: undefined, term: 0, own: undefined };

interface Told extends Partial<Omit<Stand, 'followed' | 'beats'>> {
  followed?: readonly [line: string, term: number];
  /** Incarnation to count; `+` behind it: it is fresh. */
  beats?: Readonly<Record<string, number>>;
}

function stand({ followed = ['one', 1], beats = {}, ...more }: Told): Stand {
  const [line, term] = followed;
  return {
    isWritable: true,
    fault: undefined,
    line: 'one',
    startedMs: 0,
    followed: { line, term },
    beats: Object.entries(beats).map(([name, count]) => ({
      incarnation: name.replace('+', ''),
      node: name,
      count,
      isFresh: name.endsWith('+'),
    })),
    ...more,
  };
}

const at = (host: Look['host'], told: Told): Look => ({ host, stand: stand(told) });
const down = (host: Look['host']): Look => ({ host, failure: 'it is down' });
const reads = (host: Look['host'], told: Told = {}) => at(host, { isWritable: false, line: '', ...told });

/** What came of the first line after the promotion of a replica, while nobody has followed there. */
const promoted = { line: 'two', followed: ['one', 1], beats: { mine: 7, other: 3 } } as const;
/** The same, once somebody has. */
const followed = { line: 'two', followed: ['two', 2] } as const;

const usedHost = ({ chosen }: Choice) => chosen?.host;

test('the one that takes writes is used, wherever it stands in the list', () => {
  const choice = choose([reads(a), at(b, {})], starting);
  assert.deepEqual([usedHost(choice), choice.incident, choice.loss], [b, undefined, undefined]);
});

test('nothing of Holdfast is anywhere yet: the one that takes writes is used', () => {
  const bare = { isWritable: true, fault: undefined, line: 'one', startedMs: 0, followed: undefined, beats: [] };
  assert.equal(usedHost(choose([{ host: a, stand: bare }], starting)), a);
});

test('the promoted one that may lose what it acknowledges is not used, and no older one in its place', () => {
  const fault = 'it runs without fsync: set it';
  const alone = choose([down(a), at(b, { ...promoted, fault })], running);
  assert.deepEqual([usedHost(alone), alone.fault, alone.incident], [undefined, `b:1: ${fault}`, undefined]);
  assert.match(alone.refusal, /b:1: it runs without fsync: set it$/);
  const beside = choose([at(a, {}), at(b, { ...followed, fault })], running);
  assert.equal(usedHost(beside), undefined);
  assert.match(beside.incident ?? '', /no host is used, and another one takes writes too: a:1 .*older/);
});

test('of hosts of one line the one is used that keeps what it acknowledges, also where the other one is in use', () => {
  const fault = 'it runs without fsync: set it';
  const choice = choose([at(a, { fault }), at(b, {})], running);
  assert.deepEqual([usedHost(choice), choice.incident, choice.fault], [b, undefined, undefined]);
});

test('hosts of one line are no split: the one in use is used, or else the first', () => {
  const members = [at(a, { beats: { 'other+': 1 } }), at(b, { beats: { 'other+': 1 } })];
  assert.deepEqual([usedHost(choose(members, starting)), choose(members, starting).incident], [a, undefined]);
  assert.equal(usedHost(choose(members, { ...running, host: b })), b);
});

test('the old primary is down: the promoted replica is followed to', () => {
  const choice = choose([down(a), at(b, promoted)], running);
  assert.deepEqual([usedHost(choice), choice.loss], [b, undefined]);
});

test('an asynchronous replica that lacks acknowledged heartbeats is used where there is no other, and that is told', () => {
  const choice = choose([down(a), at(b, { ...promoted, beats: { mine: 4 } })], running);
  assert.equal(usedHost(choice), b);
  assert.match(choice.loss ?? '', /^b:1 lacks the last 3 heartbeats/);
});

test('the old primary that comes back is refused, also while the new one is down, and by who starts', () => {
  const back = at(a, { beats: { 'other+': 9 } });
  const here = choose([back, at(b, { ...followed, beats: { 'mine+': 9 } })], { ...running, host: b, term: 2 });
  assert.equal(usedHost(here), b);
  assert.match(
    here.incident ?? '',
    /^the database is split: b:1 is used, and another one takes writes too: a:1 \(.*older/,
  );
  const away = choose([back, down(b)], { ...running, host: b, term: 2 });
  assert.equal(usedHost(away), undefined);
  assert.match(away.refusal, /^a:1: it takes writes, but its data are older \(term 1\).*\(term 2\); b:1: it is down$/);
  assert.match(away.incident ?? '', /no host is used/);
  assert.equal(usedHost(choose([back, at(b, followed)], starting)), b);
});

test('who starts and reaches only the old primary is told by a replica of the new one', () => {
  const choice = choose([at(a, {}), down(b), reads(c, followed)], starting);
  assert.equal(usedHost(choice), undefined);
});

test('who is on the old primary follows to where others have followed', () => {
  const choice = choose([at(a, { beats: { 'mine+': 7 } }), at(b, followed)], running);
  assert.equal(usedHost(choice), b);
});

test('a second writable host is refused while a heartbeat is fresh on the first, by who runs and who starts', () => {
  const looks = [at(a, { beats: { 'other+': 3, mine: 7 } }), at(b, promoted)];
  for (const known of [running, starting, { ...running, host: b }]) {
    const choice = choose(looks, known);
    assert.equal(usedHost(choice), a);
    assert.match(
      choice.incident ?? '',
      /a:1 is used, and another one takes writes too: b:1 \(.*not the only one\)\. Stop it$/,
    );
  }
});

test('heartbeats that a promoted replica has copied are not fresh there', () => {
  const looks = [
    at(a, { beats: { 'other+': 3, mine: 7 } }),
    at(b, { ...promoted, beats: { 'mine+': 7, 'other+': 3 } }),
  ];
  assert.equal(usedHost(choose(looks, starting)), a);
});

test('no heartbeat is fresh: who runs follows to the promoted one if that has all; who starts refuses both', () => {
  const old = at(a, { beats: { mine: 7, other: 3 } });
  assert.equal(usedHost(choose([old, at(b, promoted)], running)), b);
  assert.equal(usedHost(choose([old, at(b, { ...promoted, beats: { mine: 6 } })], running)), a);
  const choice = choose([old, at(b, promoted)], starting);
  assert.equal(usedHost(choice), undefined);
  assert.match(
    choice.incident ?? '',
    /no host is used, and others take writes too: a:1 .*, b:1 .*Stop all but the right one$/,
  );
});

test('two promoted ones, and heartbeats on both: who runs stays, who starts refuses both', () => {
  const looks = [
    at(a, { line: 'two', followed: ['two', 2], beats: { 'one+': 1 } }),
    at(b, { line: 'three', followed: ['three', 2], beats: { 'other+': 1 } }),
  ];
  assert.equal(usedHost(choose(looks, { ...running, host: b, term: 2 })), b);
  assert.equal(usedHost(choose(looks, starting)), undefined);
});
