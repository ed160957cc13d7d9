/** `deploy/nginx.conf`: three coordinators behind a balancer, over HTTP and gRPC; one dies and one leaves, and no client notices. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { nginx } from '../../scripts/lib/toolchains/nginx.ts';
import { GrpcClient } from '../e2e/grpc-client.ts';
import type { Coordinator } from '../lib/coordinator.ts';
import { freePort } from '../lib/free-port.ts';
import { HttpCaller } from '../lib/http.ts';
import { startNginx } from '../lib/servers/nginx.ts';
import type { PrivateServer } from '../lib/servers/private-server.ts';
import { postgresKind } from './lib/kinds.ts';
import { Scene, success } from './lib/scene.ts';

const deployed = readFileSync(join(import.meta.dirname, '../../deploy/nginx.conf'), 'utf8');
const kind = postgresKind();
const program = nginx();
const missing = kind.missing ?? ('missing' in program ? program.missing : undefined);

describe('three coordinators behind nginx', { skip: missing ?? false }, () => {
  let scene: Scene;
  let balancer: PrivateServer;
  let http: HttpCaller;
  let grpc: GrpcClient;
  before(async () => {
    if ('missing' in program) return;
    scene = await Scene.start(kind, 3);
    const coordinators = scene.cluster.nodes.map(({ coordinator }) => coordinator);
    const grpcPort = await freePort();
    balancer = await startNginx(program.found, configurationFor(coordinators, grpcPort));
    http = new HttpCaller(`http://127.0.0.1:${balancer.port}`);
    grpc = new GrpcClient(`127.0.0.1:${grpcPort}`);
  });
  after(async () => {
    http.close();
    grpc.close();
    await balancer.stop();
    await scene.stop();
  });

  /** Each is a saga that waits for its end. */
  const submitAll = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) =>
      http.post('/api/dtmsvr/submit', scene.saga(`${name}-${index}`, 2, { wait_result: true })),
    );

  /** Where the answer was lost, the balancer has repeated the submit: that it came too late is a success, too. */
  async function allSucceed(answers: ReturnType<typeof submitAll>): Promise<void> {
    for (const { status, text } of await Promise.all(answers)) {
      if (status === 409) assert.match(text, /current status 'succeed', cannot sumbmit/);
      else assert.deepEqual([status, text], [200, success]);
    }
  }

  it('HTTP and gRPC reach all of them', async () => {
    await allSucceed(submitAll('all', 60));
    for (let count = 0; count < 12; count += 1) {
      const gid = `grpc-${count}`;
      const url = `${scene.service.url}/${gid}`;
      await grpc.does('Submit', {
        Gid: gid,
        TransType: 'saga',
        TransOptions: { WaitResult: true },
        Steps: JSON.stringify([{ action: `${url}/0`, compensate: `${url}/0-back` }]),
        BinPayloads: [Buffer.from('{}')],
      });
      assert.equal(await scene.statusOf(scene.owner, gid), 'succeed');
    }
    for (const node of scene.cluster.nodes) assert.ok((await node.storeCount('commit')) > 1, `${node.name} was asked`);
  });

  it('one that is killed: what it did not answer is asked of another, and each client gets its end', async () => {
    scene.service.hold('/held-0/0');
    const answers = submitAll('killed', 100);
    const held = http.post('/api/dtmsvr/submit', scene.saga('held-0', 1, { wait_result: true }));
    await scene.untilCalled('/held-0/0');
    const { ownerName } = await scene.owner.show('held-0');
    const driver = scene.cluster.nodes.find(({ name }) => name === ownerName);
    assert.ok(driver !== undefined);
    await driver.coordinator.kill('SIGKILL');
    scene.service.release('/held-0/0');
    await allSucceed([...answers, held]);
    await allSucceed(submitAll('afterwards', 60));
    await driver.coordinator.start();
    await scene.cluster.untilAllKnown();
  });

  it('one that leaves in order: nobody notices', async () => {
    const leaving = scene.cluster.node(1).coordinator;
    const answers = submitAll('leaving', 100);
    const left = leaving.kill('SIGTERM');
    await allSucceed([...answers, ...submitAll('while', 100)]);
    assert.equal((await left).code, 0);
    await allSucceed(submitAll('gone', 60));
  });
});

/** What is deployed, with these servers and ports. */
function configurationFor(coordinators: readonly Coordinator[], grpcPort: number): string {
  const servers = (addresses: readonly string[]) =>
    addresses.map((address) => `server ${address} max_fails=1 fail_timeout=1s;`).join('\n    ');
  const listOf = (port: number) => new RegExp(`(?:server holdfast-\\d:${port} [^;]*;\\s*){3}`);
  return deployed
    .replace(listOf(36789), `${servers(coordinators.map(({ url }) => new URL(url).host))}\n    `)
    .replace(listOf(36790), `${servers(coordinators.map(({ grpcAddress }) => grpcAddress))}\n    `)
    .replace('listen 36789;', 'listen 127.0.0.1:HTTP_PORT;')
    .replace('listen 36790 http2;', `listen 127.0.0.1:${grpcPort} http2;`);
}
