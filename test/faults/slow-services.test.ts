import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { DtmClient } from '../e2e/dtm-client.ts';
import { ScriptedService } from '../e2e/scripted-service.ts';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';

/** Together the first four of them could take every place. */
const hangingCount = 6;
const sagasEach = 10;
const settings = { HOLDFAST_DESTINATIONS_IN_FLIGHT: '32', HOLDFAST_DESTINATIONS_ORIGIN_IN_FLIGHT: '8' };

const service = new ScriptedService();
const sockets = new Set<Socket>();
let requests = 0;
/** They take requests and never answer. */
const hanging: Server[] = Array.from({ length: hangingCount }, () =>
  createServer((socket) => {
    sockets.add(socket);
    // The coordinator is killed at the end.
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      requests += 1;
    });
  }),
);
let coordinator: Coordinator;
let client: DtmClient;

before(async () => {
  await service.start();
  coordinator = await startCoordinator({ settings });
  client = new DtmClient(coordinator.url);
});

after(async () => {
  client.close();
  await coordinator.stop();
  for (const socket of sockets) socket.destroy();
  for (const server of hanging) server.close();
  await service.stop();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

test('P8: services that hang for an hour and could take every place hold up no other', async () => {
  for (const server of hanging) {
    const url = await listen(server);
    for (let saga = 0; saga < sagasEach; saga += 1) {
      const steps = [{ action: url, compensate: '' }];
      const body = { gid: client.newGid(), trans_type: 'saga', request_timeout: 3600, steps, payloads: ['{}'] };
      await client.does('submit', body);
    }
  }
  // Three quarters, and one for each of the others.
  await until('the places are taken', () => requests === 24 + hangingCount - 4);
  for (let saga = 0; saga < 20; saga += 1) {
    const steps = [1, 2].map(() => ({ action: service.url, compensate: service.url }));
    const body = { gid: client.newGid(), trans_type: 'saga', wait_result: true, steps, payloads: ['{}', '{}'] };
    await client.does('submit', body);
  }
});
