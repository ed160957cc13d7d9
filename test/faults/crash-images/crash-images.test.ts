import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect, loopSettings } from 'holdfast/store/sqlite/connection';
import { OpenedFolder } from 'holdfast/store/sqlite/folder/opened-folder';
import { LoopConnection } from 'holdfast/store/sqlite/loop-connection';
import { migrate, migrations } from 'holdfast/store/sqlite/migrate';
import { strace } from '../../../scripts/lib/toolchains/strace.ts';
import { Random, seedOfRun } from '../../lib/random.ts';
import { type Files, imageAt, type Loss, losses } from './image.ts';
import { type Event, readRecording, tracedCalls } from './recording.ts';

/**
 * Every write, cut, sync and rename of the store is recorded, and the folder is put together as the end of the process
 * or of the power could leave it before any of them. Each such folder opens without a word, with all that was
 * acknowledged. `HOLDFAST_LONG=1` tries every place with every loss, otherwise a seeded sample.
 */
const isLong = process.env['HOLDFAST_LONG'] === '1';
const sampled = 20;
const seed = seedOfRun();

const root = mkdtempSync(join(tmpdir(), 'holdfast-images-'));
after(() => rmSync(root, { recursive: true }));

interface Recorded {
  readonly start: Files;
  readonly events: readonly Event[];
  readonly acknowledged: readonly string[];
}

const runs = [
  { run: 'new', end: 'kill' },
  { run: 'after-kill', end: 'backup' },
  { run: 'after-stop', end: 'stop' },
] as const;

const program = strace();
const skip = 'found' in program ? false : program.missing;

test('every end of the process or of the power is whole, in a folder of this version', { skip }, async () => {
  const folder = join(root, 'data');
  mkdirSync(folder);
  await tryRuns(folder, runs);
});

for (const kind of ['stopped', 'killed'] as const) {
  test(`the same in a folder of version 2, ${kind}`, { skip }, async () => {
    const folder = join(root, `version-2-${kind}`);
    mkdirSync(folder);
    const [path, wal] = [join(folder, 'holdfast.db'), join(folder, 'holdfast.db-wal')];
    const db = connect(path, loopSettings);
    migrate(db, migrations.slice(0, 2));
    const [atKill, walAtKill] = [readFileSync(path), readFileSync(wal)];
    db.close();
    if (kind === 'killed') {
      writeFileSync(path, atKill);
      writeFileSync(wal, walAtKill);
    }
    await tryRuns(folder, [{ run: kind, end: 'stop' }]);
  });
}

async function tryRuns(folder: string, all: readonly { run: string; end: string }[]): Promise<void> {
  const acknowledged: string[] = [];
  for (const { run, end } of all) {
    const { start, events } = record(folder, run, end, acknowledged);
    assert.ok(events.length > 100, `${events.length} events`);
    const random = new Random(seed);
    for (const [at, loss] of places(events.length, random)) {
      const image = imageAt(start, events, at, loss, random);
      const durable = events.slice(0, at).flatMap((event) => (event.kind === 'acknowledged' ? [event.gid] : []));
      await opens(
        image,
        [...acknowledged, ...durable],
        `${run} before event ${at} of ${events.length}, ${loss}, seed ${seed}`,
      );
    }
    acknowledged.push(...events.flatMap((event) => (event.kind === 'acknowledged' ? [event.gid] : [])));
  }
}

/** In a long run all of them; else some, the first and the last ones among them: those are the start and the stop. */
function* places(count: number, random: Random): Generator<readonly [number, Loss]> {
  if (isLong) {
    for (let at = 0; at <= count; at += 1) for (const loss of losses) yield [at, loss];
    return;
  }
  for (let index = 0; index < sampled; index += 1) {
    const [low, high] = index % 3 === 0 ? [0, 40] : index % 3 === 1 ? [count - 40, count] : [0, count];
    const loss = losses[random.whole(0, losses.length - 1)] ?? 'none';
    yield [random.whole(low, high), loss];
  }
}

function record(folder: string, run: string, end: string, before: readonly string[]): Recorded {
  assert.ok('found' in program);
  const start = filesOf(folder);
  const [trace, told] = [join(root, `${run}.trace`), join(root, `${run}.acknowledged`)];
  const traced = ['-f', '-y', '-xx', '-s', '1048576', '-e', `trace=${tracedCalls}`, '-e', 'signal=none', '-o', trace];
  const child = [
    process.execPath,
    '--conditions=source',
    join(import.meta.dirname, 'scenario.ts'),
    folder,
    told,
    run,
    end,
  ];
  const { status, signal, stderr } = spawnSync(program.found, [...traced, ...child], { encoding: 'utf8' });
  assert.ok(end === 'kill' ? signal === 'SIGKILL' || status === 137 : status === 0, `${status} ${signal}\n${stderr}`);
  const events = readRecording(trace, folder, told);
  rmSync(trace);
  return { start, events, acknowledged: before };
}

function filesOf(folder: string): Files {
  const names = readdirSync(folder).filter(
    (name) => statSync(join(folder, name)).isFile() && !/-shm$|\.lock/.test(name),
  );
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

async function opens(image: Files, gids: readonly string[], what: string): Promise<void> {
  const folder = mkdtempSync(join(root, 'image-'));
  for (const [name, bytes] of image) if (!/-shm$|\.lock/.test(name)) writeFileSync(join(folder, name), bytes);
  try {
    const opened = await OpenedFolder.open(folder, {
      openWal: (path) => open(path, 'r+'),
      failed: (error) => {
        throw error;
      },
    });
    const stored = new LoopConnection(opened.db).load(gids, false);
    await opened.close(true);
    for (const [index, one] of stored.entries())
      assert.equal(one?.version, 2, `${gids[index]} is not there as acknowledged`);
  } catch (error) {
    const files = [...image].map(([name, bytes]) => `${name} ${bytes.length}`).join(', ');
    throw new Error(`${what}: ${files}`, { cause: error });
  }
  rmSync(folder, { recursive: true });
}
