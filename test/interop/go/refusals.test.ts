/** What the SDK does when the coordinator refuses, is overloaded or away: it tells its caller, and neither breaks nor hangs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, it } from 'node:test';
import { goProgram } from '../../../scripts/lib/toolchains/go.ts';
import { DtmClient } from '../../e2e/dtm-client.ts';
import { type Coordinator, startCoordinator } from '../../lib/coordinator.ts';
import { freePort } from '../../lib/free-port.ts';
import { until } from '../../lib/until.ts';
import { Bank, type Started } from '../lib/bank.ts';
import { describeWith } from '../lib/with-toolchains.ts';

/** The patterns, and how the wire calls their type. */
const types = {
  saga: 'saga',
  'concurrent-saga': 'saga',
  tcc: 'tcc',
  message: 'msg',
  xa: 'xa',
  workflow: 'workflow',
  'workflow-xa': 'workflow',
} as const;

interface Addresses {
  readonly url: string;
  readonly grpcAddress: string;
}

/** Nobody listens there. */
const defaultCallbacks = { http: 'http://127.0.0.1:9/', grpc: '127.0.0.1:9' };
const badCallbacks = { http: ['', 'no URL', 'ftp://127.0.0.1/'], grpc: ['', 'no address', 'ftp://127.0.0.1'] };

describeWith('refusals, told by the Go SDK', { program: goProgram(import.meta.dirname) }, ({ program }) => {
  const coordinators: Coordinator[] = [];
  let healthy: Coordinator;
  let busy: Coordinator;
  let ending: Coordinator;
  let client: DtmClient;
  const silent = createServer();

  before(async () => {
    [healthy, busy, ending] = await Promise.all([
      start(),
      start({ HOLDFAST_ACTIVE_MAX_ACTIVE: '1' }),
      start({ HOLDFAST_SHUTDOWN_DRAIN_MS: '600000' }),
    ]);
    client = new DtmClient(healthy.url);
    await occupy(busy.url);
    process.kill(ending.pid, 'SIGTERM');
    await until('it is about to end', async () => (await fetch(`${ending.url}/readyz`)).status === 503);
  });

  after(async () => {
    client?.close();
    silent.close();
    await Promise.all(coordinators.map((coordinator) => coordinator.stop()));
  });

  /** Gives it a saga whose service never answers. */
  async function occupy(url: string): Promise<void> {
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const called = once(silent, 'request');
    const other = new DtmClient(url);
    const steps = [{ action: `http://127.0.0.1:${port}/`, compensate: '' }];
    const options = { request_timeout: 600, payloads: ['{}'] };
    await other.does('submit', { gid: other.newGid(), trans_type: 'saga', steps, ...options });
    await called;
    other.close();
  }

  async function start(settings: Readonly<Record<string, string>> = {}): Promise<Coordinator> {
    const coordinator = await startCoordinator({ settings });
    coordinators.push(coordinator);
    return coordinator;
  }

  /** Without a bank: nobody is called before the coordinator has agreed. */
  function initiate(
    { url, grpcAddress }: Addresses,
    transport: 'http' | 'grpc',
    pattern: string,
    { gid = client.newGid(), callback = defaultCallbacks[transport] } = {},
  ) {
    const environment = {
      COORDINATOR: url,
      COORDINATOR_GRPC: grpcAddress,
      TRANSPORT: transport,
      BANK: 'http://127.0.0.1:9',
      // Where workflows are called back over gRPC, too.
      BANK_GRPC: transport === 'grpc' ? callback : '',
      DATABASE: 'mysql',
      DATABASE_PORT: '9',
      WORKFLOW_CALLBACK: callback,
    };
    const bank = new Bank({ command: program, serveArgs: [], startArgs: ['start'], environment });
    return bank.start([JSON.stringify({ pattern, payer: 'payer', payee: 'payee', amount: 30, gid })]);
  }

  /** What the caller was told. The process must have gone on to its end. */
  function told({ said, exitCode, errors }: Started): string {
    assert.equal(exitCode, 0, errors);
    assert.ok(said.raised !== undefined, `an error is expected, not ${JSON.stringify(said)}`);
    return said.raised;
  }

  /** Stores a transaction of the type that is finished, and failed where it can. */
  async function finished(type: string): Promise<string> {
    const gid = client.newGid();
    const url = 'http://127.0.0.1:9/';
    const message = { steps: [{ action: url }], payloads: ['{}'], query_prepared: url };
    const common = { gid, trans_type: type };
    if (type === 'saga') {
      // Steps without URLs are done without a call.
      await client.does('submit', { ...common, steps: [{ action: '', compensate: '' }], payloads: ['{}'] });
      await client.untilStatus(gid, 'succeed');
    } else if (type === 'workflow') {
      const asked = { ...common, query_prepared: url, custom_data: '{"name":"n","data":""}' };
      assert.equal((await client.post('prepareWorkflow', asked)).status, 200);
      const outcome = { status: 'failed', rollback_reason: 'no money. FAILURE', result: '' };
      await client.does('submit', { ...common, req_extra: outcome });
    } else {
      await client.does('prepare', { ...common, ...(type === 'msg' ? message : {}) });
      await client.does('abort', common);
      await client.untilStatus(gid, 'failed');
    }
    return gid;
  }

  for (const transport of ['http', 'grpc'] as const) {
    for (const [pattern, type] of Object.entries(types)) {
      const name = `${transport} ${pattern}`;

      it(`${name}: the coordinator is away`, async () => {
        const address = `127.0.0.1:${await freePort()}`;
        const away = { url: `http://${address}`, grpcAddress: address };
        assert.match(told(await initiate(away, transport, pattern)), /connection refused/);
      });

      it(`${name}: the coordinator has too much to do (429, UNAVAILABLE)`, async () => {
        const said = told(await initiate(busy, transport, pattern));
        assert.match(said, /takes no new transactions|holdfast-overloaded/);
        if (transport === 'grpc') assert.match(said, /code = Unavailable/);
      });

      it(`${name}: the coordinator is about to end (503, UNAVAILABLE)`, async () => {
        const said = told(await initiate(ending, transport, pattern));
        assert.match(said, /shutting down|holdfast-unavailable/);
        if (transport === 'grpc') assert.match(said, /code = Unavailable/);
      });

      it(`${name}: the gid is that of a transaction that is finished (409, ABORTED)`, async () => {
        assert.match(told(await initiate(healthy, transport, pattern, { gid: await finished(type) })), /FAILURE/);
      });

      it(`${name}: the gid is that of a transaction of another type (400, INVALID_ARGUMENT)`, async () => {
        const gid = await finished(type === 'saga' ? 'msg' : 'saga');
        const said = told(await initiate(healthy, transport, pattern, { gid }));
        assert.match(said, /trans_?type|holdfast-invalid-input/i);
        if (transport === 'grpc') assert.match(said, /code = InvalidArgument/);
      });

      it(`${name}: the gid is too long (400, INVALID_ARGUMENT)`, async () => {
        const said = told(await initiate(healthy, transport, pattern, { gid: 'x'.repeat(129) }));
        assert.match(said, /gid|holdfast-invalid-input/i);
      });
    }

    for (const callback of badCallbacks[transport])
      it(`${transport} workflow: it can not be called back at "${callback}" (400, INVALID_ARGUMENT)`, async () => {
        const said = told(await initiate(healthy, transport, 'workflow', { callback }));
        assert.match(said, /query_?prepared|holdfast-invalid-input/i);
      });
  }
});
