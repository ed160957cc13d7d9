/** `holdfast health`, and the image whose health check it is. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadSettings } from 'holdfast/config/load';
import { settings } from 'holdfast/config/schema';
import { parse } from 'yaml';
import { type CoordinatorOptions, cleanEnvironment, startCoordinator } from '../lib/coordinator.ts';
import { freePort } from '../lib/free-port.ts';
import { until } from '../lib/until.ts';

const root = join(import.meta.dirname, '..', '..');
const cli = join(root, 'packages/server/src/cli.ts');

interface Given {
  readonly args?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
}

async function health({ args = [], variables = {} }: Given) {
  const child = spawn(process.execPath, ['--conditions=source', cli, 'health', ...args], {
    env: { ...cleanEnvironment(), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk));
  const [code] = await once(child, 'close');
  return { code, text };
}

async function started(t: TestContext, options: CoordinatorOptions = {}) {
  const coordinator = await startCoordinator(options);
  t.after(() => coordinator.stop());
  return { coordinator, port: new URL(coordinator.url).port };
}

describe('holdfast health', { timeout: 120_000 }, () => {
  it('asks the coordinator of the same settings: by variables, flags, or a file, also one that a variable names', async (t) => {
    const { port } = await started(t);
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-health-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'holdfast.yaml');
    writeFileSync(file, `http:\n  port: ${port}\n`);
    const ways: Given[] = [
      { variables: { HOLDFAST_HTTP_PORT: port } },
      { args: ['--http-port', port] },
      { args: ['-c', file] },
      { variables: { HOLDFAST_CONFIG: file } },
    ];
    const answers = await Promise.all(ways.map(health));
    const alive = { code: 0, text: `http://127.0.0.1:${port} is alive\n` };
    assert.deepEqual(answers, [alive, alive, alive, alive]);
  });

  it('ends with 1 where nobody listens, or is silent, and with 2 for settings that are wrong', async (t) => {
    const silent = createServer(() => undefined);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => silent.close());
    const port = String((silent.address() as AddressInfo).port);
    const [nobody, mute, wrong] = await Promise.all([
      health({ args: ['--http-port', String(await freePort())] }),
      health({ args: ['--http-port', port, '--timeout', '0.5'] }),
      health({ variables: { HOLDFAST_HTTP_PROT: '1' } }),
    ]);
    assert.equal(nobody.code, 1);
    assert.match(nobody.text, /no coordinator answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)/);
    assert.equal(mute.code, 1);
    assert.match(mute.text, /did not answer within 0\.5 s/);
    assert.equal(wrong.code, 2);
  });

  it('tells alive from ready, on every address where the image listens', async (t) => {
    const { variables } = image();
    const host = variables['HOLDFAST_HTTP_HOST'] ?? '';
    const { coordinator, port } = await started(t, {
      settings: { HOLDFAST_HTTP_HOST: host, HOLDFAST_SHUTDOWN_DRAIN_MS: '3600000' },
    });
    for (const address of ['127.0.0.1', '[::1]']) {
      assert.equal((await fetch(`http://${address}:${port}/readyz`)).status, 200, address);
    }
    const given = { HOLDFAST_HTTP_HOST: host, HOLDFAST_HTTP_PORT: port };
    assert.equal((await health({ variables: given, args: ['--ready'] })).code, 0);
    process.kill(coordinator.pid, 'SIGTERM');
    await until('it drains', async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 503);
    const [alive, ready] = await Promise.all([
      health({ variables: given }),
      health({ variables: given, args: ['--ready'] }),
    ]);
    assert.equal(alive.code, 0);
    assert.deepEqual(ready, {
      code: 1,
      text: `holdfast: http://127.0.0.1:${port} is not ready: shutting down (HTTP 503)\n`,
    });
  });
});

/** What the Dockerfile says. */
function image() {
  const text = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
  const variables = Object.fromEntries(
    [...text.matchAll(/\b(HOLDFAST_\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  );
  return { text, variables };
}

describe('deploy', () => {
  const defaults = loadSettings();
  const ports = [defaults.http.port, defaults.grpc.port];
  const compose = readFileSync(join(root, 'deploy/compose.yaml'), 'utf8');

  it('the image has settings that exist, no port but those it exposes, and asks by holdfast health', () => {
    const { text, variables } = image();
    assert.deepEqual(Object.keys(variables), ['HOLDFAST_HTTP_HOST', 'HOLDFAST_DATA_DIR']);
    assert.ok(Object.keys(variables).every((name) => settings.some(({ variable }) => variable === name)));
    const loaded = loadSettings({ environment: variables });
    assert.equal(loaded.dataDir, /^VOLUME (.*)$/m.exec(text)?.[1]);
    assert.deepEqual([...text.matchAll(/\d{4,5}/g)].map(Number), ports);
    assert.match(text, new RegExp(`^EXPOSE ${ports.join(' ')}$`, 'm'));
    const entry = /^ENTRYPOINT \[(.*)\]$/m.exec(text)?.[1];
    assert.ok(text.includes(` CMD [${entry}, "health"]\n`));
  });

  it('compose publishes these ports, on loopback, and waits for drain and grace', () => {
    const published = [...compose.matchAll(/^ +- ([\d.]+):(\d+):(\d+)$/gm)].map(([, ...parts]) => parts);
    assert.deepEqual(
      published,
      ports.map((port) => ['127.0.0.1', String(port), String(port)]),
    );
    const graceSeconds = Number(/stop_grace_period: (\d+)s/.exec(compose)?.[1]);
    assert.ok(graceSeconds * 1000 > defaults.shutdown.drainMs + defaults.shutdown.graceMs);
    assert.doesNotMatch(compose, /healthcheck/, 'that of the image holds');
  });

  it('the cluster has settings that exist, names of its own, and a balancer that knows all of them', () => {
    const { services, volumes } = parse(readFileSync(join(root, 'deploy/compose.cluster.yaml'), 'utf8'), {
      merge: true,
    });
    const names = Object.keys(services).filter((name) => name.startsWith('holdfast-'));
    assert.deepEqual(Object.keys(services), ['postgres', ...names, 'balancer']);
    assert.deepEqual([names.length, Object.keys(volumes)], [3, ['data']]);
    for (const name of names) {
      const { environment, build, depends_on, stop_grace_period } = services[name];
      const loaded = loadSettings({ environment });
      assert.equal(loaded.nodeName, name);
      assert.match(loaded.store.url, /^postgres:\/\/holdfast:.*@postgres:5432\/holdfast$/);
      assert.equal(build.dockerfile, 'deploy/Dockerfile');
      assert.equal(depends_on.postgres.condition, 'service_healthy');
      assert.equal(stop_grace_period, '30s');
    }
    assert.deepEqual(services.balancer.depends_on, names);
    assert.deepEqual(
      services.balancer.ports,
      ports.map((port) => `127.0.0.1:${port}:${port}`),
    );
    const balancer = readFileSync(join(root, 'deploy/nginx.conf'), 'utf8');
    for (const port of ports) {
      const served = [...balancer.matchAll(new RegExp(`server (\\S+):${port} `, 'g'))].map(([, name]) => name);
      assert.deepEqual(served, names);
      assert.match(balancer, new RegExp(`listen ${port}\\b`));
    }
  });
});
