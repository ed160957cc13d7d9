import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../../store.ts';
import { WriteGate } from '../write-gate.ts';
import { WorkerClient } from './worker-client.ts';

/** A thread that answers with what it was asked, and dies of 13. */
const script = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (job) => {
      if (job === null) { parentPort.close(); return; }
      if (job.ask === 13) throw new Error('unlucky');
      if (job.ask === 14) process.exit(3);
      if (job.ask === 15) { parentPort.postMessage({ kind: 'error', code: 'full', message: 'no room', isLost: false }); return; }
      if (job.ask === 16) { parentPort.postMessage({ kind: 'error', code: 'fatal', message: 'torn', isLost: true }); return; }
      parentPort.postMessage({ kind: 'answer', answer: job.ask });
    });
  `)}`,
);

function newClient(gate = new WriteGate()) {
  const damages: StoreError[] = [];
  const client = new WorkerClient({ script, path: '', gate, damaged: (error) => damages.push(error) });
  return { client, damages };
}

const refusedAs = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof StoreError && error.code === code && pattern.test(error.message);

test('jobs are answered one after the other, in the order asked for', async () => {
  const { client } = newClient();
  assert.deepEqual(await Promise.all([1, 2, 3].map((ask) => client.read('counts', ask))), [1, 2, 3]);
  await client.close();
});

test('a thread that dies fails the job it had; the next ones get a new thread', async () => {
  const { client } = newClient();
  const asked = [1, 13, 2, 14, 3].map((ask) => client.read('counts', ask));
  const ended = await Promise.allSettled(asked);
  assert.deepEqual(
    ended.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
  );
  const died = refusedAs('unknown-outcome', /worker thread ended during "counts" \(exit code \d\)/);
  for (const job of [asked[1], asked[3]]) await assert.rejects(async () => job, died);
  await client.close();
});

test('a thread that dies while it writes lets the commits go on', async () => {
  const gate = new WriteGate();
  const { client } = newClient(gate);
  const writing = client.write('makeManyDue', { afterMs: 0, limit: 0, nowMs: 0 });
  await writing;
  const dying = client.read('counts', 13);
  await assert.rejects(dying);
  const held = client.write('counts', 14);
  const commit = gate.run(() => 'committed');
  await assert.rejects(held);
  assert.equal(await commit, 'committed');
  await client.close();
});

test('errors come with their code; damage is told to the store', async () => {
  const { client, damages } = newClient();
  await assert.rejects(client.read('counts', 15), refusedAs('full', /no room/));
  assert.equal(damages.length, 0);
  await assert.rejects(client.read('counts', 16), refusedAs('fatal', /torn/));
  assert.equal(damages.length, 1);
  await client.close();
});

test('closing waits for what was asked for, and does not need a thread', async () => {
  const { client } = newClient();
  const job = client.read('counts', 5);
  await client.close();
  assert.equal(await job, 5);
  await newClient().client.close();
});
