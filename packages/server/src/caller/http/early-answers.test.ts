import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { readEarlyAnswers } from './early-answers.ts';

/** On a thread of its own: it answers and resets while this one does nothing. */
const service = `
  const { createServer } = require('node:net');
  const { workerData, parentPort } = require('node:worker_threads');
  const state = new Int32Array(workerData);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.pause();
      socket.write('the answer', () => {
        socket.resetAndDestroy();
        setImmediate(() => {
          Atomics.store(state, 0, 1);
          Atomics.notify(state, 0);
        });
      });
    });
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

test('an answer that came before a reset is read, also where a write is the first to meet the reset', {
  timeout: 60_000,
}, async (t) => {
  const state = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(service, { eval: true, workerData: state.buffer });
  t.after(() => worker.terminate());
  const [port] = await once(worker, 'message');
  const socket = connect(port, '127.0.0.1');
  readEarlyAnswers(socket);
  await once(socket, 'connect');
  let read = '';
  socket.on('data', (bytes) => {
    read += bytes;
  });
  socket.write('the beginning');
  assert.notEqual(Atomics.wait(state, 0, 0, 10_000), 'timed-out');
  socket.write('more');
  await once(socket, 'end', { signal: AbortSignal.timeout(20_000) });
  assert.equal(read, 'the answer');
  socket.destroy();
});
