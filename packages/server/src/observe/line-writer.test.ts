import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '../../../../test/lib/until.ts';
import { LineWriter, writeOut } from './line-writer.ts';

/** A named pipe with its two ends; the writer's blocks, as one that a shell gives. */
function pipe(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, constants.O_WRONLY);
  const open = new Set([read, write]);
  const close = (fd: number) => {
    if (open.delete(fd)) closeSync(fd);
  };
  t.after(() => {
    for (const fd of open) close(fd);
    rmSync(folder, { recursive: true });
  });
  const all = () => {
    const buffer = Buffer.alloc(1 << 20);
    let text = '';
    try {
      for (;;) text += buffer.toString('utf8', 0, readSync(read, buffer));
    } catch {
      // EAGAIN: there is no more.
      return text;
    }
  };
  return { write, all, leave: () => close(read) };
}

test('a pipe that nobody reads never blocks: lines wait, then are lost, and where is told', async (t) => {
  const { write, all } = pipe(t);
  const writer = new LineWriter({ fd: write, waitingBytes: 1000 });
  writer.tellsLoss((lines) => `${lines} lost\n`);
  const line = (number: number) => `${String(number).padStart(99)}\n`;
  let count = 0;
  // The pipe holds 64 KiB, the writer 1000 bytes.
  while (writer.lostLines < 5) {
    writer.write(line(count++));
    writer.writeNow();
  }
  const kept = count - 5;
  let text = '';
  await until('all is read', () => {
    text += all();
    return text.endsWith('lost\n');
  });
  writer.write(line(count));
  await until('it goes on', () => {
    text += all();
    return text.endsWith(line(count));
  });
  const numbers = text.split('\n').map((one) => one.trim());
  assert.deepEqual(
    numbers.slice(0, kept),
    Array.from({ length: kept }, (_, index) => String(index)),
  );
  assert.deepEqual(numbers.slice(kept), ['5 lost', String(count), '']);
  assert.equal(writer.lostLines, 5);
});

test('its end waits for a pipe that nobody reads no longer than it may', (t) => {
  const { write } = pipe(t);
  const writers = [new LineWriter({ fd: write }), new LineWriter({ fd: write })];
  for (const writer of writers) for (let line = 0; line < 100; line++) writer.write(`${'x'.repeat(1024)}\n`);
  writeOut(writers, 50);
  assert.equal(
    writers.every((writer) => writer.writeNow()),
    true,
    'both have lines left',
  );
});

test('its end writes what is taken', (t) => {
  const { write, all } = pipe(t);
  const writer = new LineWriter({ fd: write });
  writer.write('last words\n');
  writeOut([writer], 60_000);
  assert.equal(all(), 'last words\n');
});

test('a full disk loses lines, each is counted, and they are told once there is room', async () => {
  // A descriptor that can be made to write somewhere else: what a full disk is when it has room again.
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-full-'));
  const path = join(folder, 'log');
  const fd = openSync('/dev/full', 'w');
  const writer = new LineWriter({ fd });
  writer.tellsLoss((lines) => `${lines} lost\n`);
  for (const line of ['a\n', 'b\n']) writer.write(line);
  await until('they are lost', () => writer.lostLines === 2);
  writer.write('c\n');
  await until('it is tried again', () => writer.lostLines === 3);
  assert.ok(!process.getActiveResourcesInfo().includes('Immediate'), 'between tries it rests');
  closeSync(fd);
  const again = openSync(path, 'w');
  assert.equal(again, fd, 'the system gives the lowest number that is free');
  writer.write('d\n');
  await until('it is written', () => readFileSync(path, 'utf8').endsWith('d\n'));
  assert.equal(readFileSync(path, 'utf8'), '3 lost\nd\n');
  assert.equal(writer.lostLines, 3);
  closeSync(again);
  rmSync(folder, { recursive: true });
});

test('a line is lost once, however often it is tried to tell so', (t) => {
  const { write, leave } = pipe(t);
  const writer = new LineWriter({ fd: write });
  writer.tellsLoss((lines) => `${lines} lost\n`);
  writeSync(write, 'y'.repeat(65_536 - 4096));
  writer.write(`${'x'.repeat(10_000)}\n`);
  assert.equal(writer.writeNow(), true, 'a part of the line is written');
  leave();
  for (let tries = 0; tries < 5; tries++) assert.equal(writer.writeNow(), false);
  assert.equal(writer.lostLines, 1);
});

test('what a pipe takes in parts arrives as one line', (t) => {
  const { write, all } = pipe(t);
  const writer = new LineWriter({ fd: write });
  const filler = 'y'.repeat(65_536 - 4096);
  writeSync(write, filler);
  // Of more than a page a part is taken.
  writer.write(`${'x'.repeat(10_000)}\n`);
  assert.equal(writer.writeNow(), true);
  assert.equal(all().length, 65_536);
  writer.write('z\n');
  writeOut([writer], 60_000);
  assert.equal(all(), `${'x'.repeat(10_000 - 4096)}\nz\n`);
});
