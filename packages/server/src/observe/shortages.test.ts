import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shortages } from './shortages.ts';

test('each is counted, warned of once a minute, and lasts until it was not met for ten seconds', () => {
  let nowMs = 0;
  const warned: string[] = [];
  const counted: string[] = [];
  const shortages = new Shortages({
    nowMs: () => nowMs,
    warned: (text, { code, times }) => warned.push(`${code} ${times} ${text}`),
    counted: (code) => counted.push(code),
  });
  assert.equal(shortages.current, undefined);
  shortages.noted('EMFILE');
  shortages.noted('EMFILE');
  shortages.noted('ENOBUFS');
  const files = 'this process has no file descriptors left';
  const rest = 'calls that need it are not sent, and go out later';
  assert.deepEqual(counted, ['EMFILE', 'EMFILE', 'ENOBUFS']);
  assert.deepEqual(warned, [
    `EMFILE 1 ${files}: ${rest}`,
    `ENOBUFS 1 this machine has no network buffers left: ${rest}`,
  ]);
  nowMs = 9_999;
  shortages.noted('EMFILE');
  assert.equal(shortages.current, `${files} (EMFILE); this machine has no network buffers left (ENOBUFS)`);
  nowMs = 10_000;
  assert.equal(shortages.current, `${files} (EMFILE)`);
  nowMs = 60_000;
  assert.equal(shortages.current, undefined);
  shortages.noted('EMFILE');
  assert.equal(warned[2], `EMFILE 3 ${files}: ${rest}`);
});
