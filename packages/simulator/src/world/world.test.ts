import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flavours } from './profile.ts';
import { live } from './world.ts';

async function traceOf(seed: number, flavour: (typeof flavours)[number]): Promise<string> {
  const lines: string[] = [];
  await live(seed, { flavour, sink: (line) => lines.push(line) });
  return lines.join('\n');
}

for (const flavour of flavours) {
  test(`one seed, one life, byte for byte: ${flavour}`, async () => {
    const first = await traceOf(11, flavour);
    assert.ok(first.split('\n').length > 100, 'something happened');
    assert.equal(await traceOf(11, flavour), first);
    assert.notEqual(await traceOf(12, flavour), first);
  });
}

test('telling what happens does not change it', async () => {
  const told = await live(5, { sink: () => undefined });
  const { seed, events, simulatedMs, statistics, violation } = await live(5);
  assert.equal(violation, undefined);
  assert.deepEqual({ seed, events, simulatedMs, statistics, violation }, told);
});
