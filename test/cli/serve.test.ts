/** `holdfast serve` as a process: what it says, what it refuses, how it ends. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Coordinator, type CoordinatorOptions, startCoordinator } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';

async function started(t: TestContext, options: CoordinatorOptions = {}): Promise<Coordinator> {
  const coordinator = await startCoordinator(options);
  t.after(() => coordinator.stop());
  return coordinator;
}

function post(coordinator: Coordinator, route: string, body: object): Promise<Response> {
  return fetch(`${coordinator.url}/api/dtmsvr/${route}`, { method: 'POST', body: JSON.stringify(body) });
}

function saga(gid: string, url: string) {
  return { gid, trans_type: 'saga', steps: [{ action: `${url}/action`, compensate: `${url}/undo` }], payloads: ['{}'] };
}

/** A participant that answers when it is told to. */
class Participant {
  readonly calls: string[] = [];
  readonly #answers: (() => void)[] = [];
  readonly #server: Server = createServer((request, response) => {
    this.calls.push(request.url ?? '');
    this.#answers.push(() => response.end('{}'));
  });
  #url = '';

  static async start(t: TestContext): Promise<Participant> {
    const participant = new Participant();
    await new Promise<void>((resolve) => participant.#server.listen(0, '127.0.0.1', resolve));
    const address = participant.#server.address();
    participant.#url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    t.after(() => {
      participant.#server.closeAllConnections();
      participant.#server.close();
    });
    return participant;
  }

  get url(): string {
    return this.#url;
  }

  answer(): void {
    for (const answer of this.#answers.splice(0)) answer();
  }
}

async function statusOf(coordinator: Coordinator, gid: string): Promise<string | undefined> {
  const response = await fetch(`${coordinator.url}/api/dtmsvr/query?gid=${gid}`);
  const { transaction } = (await response.json()) as { transaction: { status: string } | null };
  return transaction?.status;
}

function itStarted(): never {
  assert.fail('it started');
}

describe('holdfast serve', { timeout: 600_000 }, () => {
  it('says where it listens, on which store, and what it resumes', async (t) => {
    const coordinator = await started(t);
    assert.match(coordinator.logs, /^holdfast \d+\.\d+\.\d+$/m);
    assert.ok(coordinator.logs.includes(`\n  pid      ${coordinator.pid}\n`), coordinator.logs);
    assert.match(coordinator.logs, /^ {2}http +http:\/\/127\.0\.0\.1:\d+$/m);
    assert.match(coordinator.logs, /^ {2}grpc +127\.0\.0\.1:\d+$/m);
    assert.ok(
      coordinator.logs.includes(`  store    sqlite in ${join(coordinator.folder, 'data')}\n`),
      coordinator.logs,
    );
    assert.match(coordinator.logs, /^ {2}resumes +nothing: no transaction is unfinished$/m);
  });

  it('counts how long the start took from the start of the process', async (t) => {
    // The worker thread of the store loads it too.
    const busy = `import { isMainThread } from 'node:worker_threads';
      const until = Date.now() + 3000; while (isMainThread && Date.now() < until);`;
    const settings = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(busy)}` };
    const coordinator = await started(t, { settings });
    const seconds = Number(/^ {2}ready after (\S+) s$/m.exec(coordinator.logs)?.[1]);
    assert.ok(seconds >= 3, coordinator.logs);
  });

  it('takes its settings from a file, too', async (t) => {
    const coordinator = await started(t, { args: ['-c', join(import.meta.dirname, 'holdfast.yaml')] });
    assert.match(coordinator.logs, /^ {2}grpc +not served$/m);
  });

  it('survives kill -9: what was acknowledged is there, and is said to be resumed', async (t) => {
    const participant = await Participant.start(t);
    const coordinator = await started(t);
    assert.equal((await post(coordinator, 'submit', saga('a', participant.url))).status, 200);
    assert.equal((await post(coordinator, 'prepare', { gid: 'b', trans_type: 'tcc' })).status, 200);
    await until('the branch is called', () => participant.calls.length === 1);
    const { signal } = await coordinator.kill('SIGKILL');
    assert.equal(signal, 'SIGKILL');
    const before = coordinator.logs.length;
    await coordinator.start();
    const greeting = coordinator.logs.slice(before);
    assert.match(greeting, /^ {2}resumes +2 unfinished \(1 prepared, 1 submitted, 0 aborting\)/m);
    await until('the branch is called again', () => participant.calls.length === 2);
    participant.answer();
    await until('it succeeds', async () => (await statusOf(coordinator, 'a')) === 'succeed');
    assert.equal(await statusOf(coordinator, 'b'), 'prepared');
  });

  it('Q34: drains at SIGTERM: not ready, nothing new, follow-ups served, calls awaited, exit 0', async (t) => {
    const participant = await Participant.start(t);
    const settings = { HOLDFAST_SHUTDOWN_DRAIN_MS: '2000', HOLDFAST_SHUTDOWN_GRACE_MS: '30000' };
    const coordinator = await started(t, { settings: { ...settings, HOLDFAST_REQUEST_TIMEOUT_MS: '30000' } });
    assert.equal((await post(coordinator, 'prepare', { gid: 'tcc', trans_type: 'tcc' })).status, 200);
    assert.equal((await post(coordinator, 'submit', saga('slow', participant.url))).status, 200);
    await until('the branch is called', () => participant.calls.length === 1);
    const ended = coordinator.kill('SIGTERM');
    await until('it is not ready', async () => (await fetch(`${coordinator.url}/readyz`)).status === 503);
    assert.equal((await fetch(`${coordinator.url}/healthz`)).status, 200);
    assert.equal((await post(coordinator, 'submit', saga('new', participant.url))).status, 503);
    assert.equal((await post(coordinator, 'abort', { gid: 'tcc', trans_type: 'tcc' })).status, 200);
    await until('the listener is closed', () =>
      fetch(`${coordinator.url}/healthz`).then(
        () => false,
        () => true,
      ),
    );
    participant.answer();
    assert.deepEqual(await ended, { code: 0, signal: null });
    assert.match(coordinator.logs, /^holdfast: SIGTERM, stopping; a second signal ends it at once$/m);
    assert.match(coordinator.logs, /^holdfast: stopped$/m);
    await coordinator.start();
    await until('both are final', async () => {
      const [slow, tcc] = await Promise.all([statusOf(coordinator, 'slow'), statusOf(coordinator, 'tcc')]);
      return slow === 'succeed' && tcc === 'failed';
    });
    assert.equal(await statusOf(coordinator, 'new'), undefined);
  });

  it('ends at once at a second signal, but takes signals of the same moment as one', async (t) => {
    const coordinator = await started(t, { settings: { HOLDFAST_SHUTDOWN_DRAIN_MS: '60000' } });
    const ended = coordinator.kill('SIGINT');
    process.kill(coordinator.pid, 'SIGINT');
    await until('it stops', () => coordinator.logs.includes('SIGINT, stopping'));
    assert.equal((await fetch(`${coordinator.url}/readyz`)).status, 503);
    await until('a later one ends it', () => {
      if (coordinator.logs.includes('ending now')) return true;
      process.kill(coordinator.pid, 'SIGINT');
      return false;
    });
    assert.deepEqual(await ended, { code: null, signal: 'SIGINT' });
  });

  it('ends though a thread waits for a disk that does not answer: in time, or at once at a second signal', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-hung-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const disk = join(folder, 'disk');
    execFileSync('mkfifo', [disk]);
    // To open a pipe that nobody writes to holds a thread of the pool, as a sync of such a disk does.
    const hang = `import { open } from 'node:fs/promises';
      const file = await open('/dev/null');
      const files = Object.getPrototypeOf(file);
      await file.close();
      process.once('SIGUSR2', () => {
        files.datasync = () => open(${JSON.stringify(disk)});
        console.log('the disk hangs');
      });`;
    const settings = {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hang)}`,
      HOLDFAST_SHUTDOWN_DRAIN_MS: '0',
      HOLDFAST_SHUTDOWN_GRACE_MS: '0',
    };
    const ends = [1, 2].map(async (signals) => {
      const coordinator = await started(t, { settings });
      process.kill(coordinator.pid, 'SIGUSR2');
      await until('the disk hangs', () => coordinator.logs.includes('the disk hangs'));
      // It waits for the disk; at the end of the stop it is told so, or its connection is closed.
      const answer = post(coordinator, 'prepare', { gid: 'a', trans_type: 'tcc' }).then(
        ({ status }) => status,
        () => 'none',
      );
      await until('it was taken in', async () => (await statusOf(coordinator, 'other')) === undefined);
      const ended = coordinator.kill('SIGTERM');
      await until('it stops', () => coordinator.logs.includes('SIGTERM, stopping'));
      if (signals === 2) {
        await until('a later one ends it', () => {
          if (coordinator.logs.includes('ending now')) return true;
          process.kill(coordinator.pid, 'SIGTERM');
          return false;
        });
      }
      assert.deepEqual(await ended, { code: null, signal: 'SIGTERM' });
      assert.equal(coordinator.logs.includes('the store does not close: the process ends'), signals === 1);
      assert.ok(['none', 503].includes(await answer), `it was answered ${await answer}`);
    });
    await Promise.all(ends);
  });

  it('leaves a call that outlives the grace to the next start', async (t) => {
    const participant = await Participant.start(t);
    const settings = { HOLDFAST_SHUTDOWN_DRAIN_MS: '0', HOLDFAST_SHUTDOWN_GRACE_MS: '100' };
    const coordinator = await started(t, { settings: { ...settings, HOLDFAST_REQUEST_TIMEOUT_MS: '3600000' } });
    assert.equal((await post(coordinator, 'submit', saga('stuck', participant.url))).status, 200);
    await until('the branch is called', () => participant.calls.length === 1);
    assert.deepEqual(await coordinator.kill('SIGTERM'), { code: 0, signal: null });
    await coordinator.start();
    await until('it is called again at once', () => participant.calls.length === 2);
    participant.answer();
    await until('it succeeds', async () => (await statusOf(coordinator, 'stuck')) === 'succeed');
  });

  it('ends with 1 and a line in the log at an error that nobody caught, and goes on from the store', async (t) => {
    for (const broken of ["throw new Error('boom')", "Promise.reject(new Error('boom'))"]) {
      const preload = `data:text/javascript,process.once('SIGUSR2', () => { ${broken} })`;
      const coordinator = await started(t, { settings: { NODE_OPTIONS: `--import=${encodeURI(preload)}` } });
      assert.equal((await post(coordinator, 'prepare', { gid: 'kept', trans_type: 'tcc' })).status, 200);
      assert.deepEqual(await coordinator.kill('SIGUSR2'), { code: 1, signal: null });
      assert.match(
        coordinator.logs,
        /"level":"error".*"boom".*an (uncaught error|unhandled rejection): the process ends/,
      );
      await coordinator.start();
      assert.equal(await statusOf(coordinator, 'kept'), 'prepared');
    }
  });

  it('refuses a port that is taken, says which and what to do, and leaves the folder free', async (t) => {
    const first = await started(t);
    const { host } = new URL(first.url);
    const second = startCoordinator({ settings: { HOLDFAST_HTTP_PORT: host.split(':')[1] ?? '' } });
    const error = await second.then(itStarted, String);
    assert.ok(error.includes(`holdfast: cannot listen on ${host}: another process listens there.`), error);
    assert.match(error, /choose another port with --http-port or HOLDFAST_HTTP_PORT/);
    assert.match(error, /ended \(1\)/);
  });

  it('refuses a gRPC port that is taken, and says which and what to do', async (t) => {
    const { grpcAddress } = await started(t);
    const second = startCoordinator({ settings: { HOLDFAST_GRPC_PORT: grpcAddress.split(':')[1] ?? '' } });
    const error = await second.then(itStarted, String);
    assert.ok(error.includes(`holdfast: cannot listen on ${grpcAddress}: another process listens there.`), error);
    assert.match(error, /choose another port with --grpc-port or HOLDFAST_GRPC_PORT/);
    assert.match(error, /ended \(1\)/);
  });

  it('refuses an address this machine does not have', async () => {
    const error = await startCoordinator({ settings: { HOLDFAST_HTTP_HOST: '192.0.2.1' } }).then(itStarted, String);
    assert.match(error, /cannot listen on 192\.0\.2\.1:\d+: this machine has no such address/);
  });

  it('refuses a file of certificates that is not there, and says which setting names it', async () => {
    const settings = { HOLDFAST_CALLS_CA_FILE: '/nowhere/ca.pem' };
    const error = await startCoordinator({ settings }).then(itStarted, String);
    assert.match(error, /holdfast: calls\.caFile: ENOENT.*\/nowhere\/ca\.pem.*\n.*certificates in PEM/);
  });

  it('refuses a data folder that another process uses, and the other goes on', async (t) => {
    const first = await started(t);
    const dataDir = join(first.folder, 'data');
    const error = await startCoordinator({ settings: { HOLDFAST_DATA_DIR: dataDir } }).then(itStarted, String);
    assert.match(error, /ended \(1\)/);
    const holder = new RegExp(
      `holdfast: the data folder .* is in use by another process \\(pid ${first.pid}\\): stop that`,
    );
    assert.match(error, holder);
    assert.ok(error.includes(dataDir), error);
    assert.equal((await fetch(`${first.url}/readyz`)).status, 200);
  });

  it('refuses a data folder it cannot make', async (t) => {
    const first = await started(t);
    const file = join(first.folder, 'a-file');
    await writeFile(file, '');
    const settings = { HOLDFAST_DATA_DIR: join(file, 'data') };
    const error = await startCoordinator({ settings }).then(itStarted, String);
    assert.match(error, /holdfast: .*ENOTDIR/);
    assert.match(error, /--data-dir or HOLDFAST_DATA_DIR/);
  });

  it('stops in order where nobody reads what it says any more, as in `holdfast serve | head -1`', async (t) => {
    const participant = await Participant.start(t);
    const coordinator = await started(t);
    await coordinator.kill('SIGTERM');
    const child = coordinator.spawn();
    t.after(() => child.kill('SIGKILL'));
    const isUp = () =>
      fetch(`${coordinator.url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    await until('it serves again', isUp);
    child.stdout?.destroy();
    child.stderr?.destroy();
    assert.equal((await post(coordinator, 'submit', saga('unheard', participant.url))).status, 200);
    await until('the action is called', () => participant.calls.length === 1);
    child.kill('SIGTERM');
    await until('it is stopping', async () => (await fetch(`${coordinator.url}/readyz`)).status === 503);
    participant.answer();
    const code = await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(code, 0);
  });

  it('makes a backup when asked, which a coordinator can be started on', async (t) => {
    const coordinator = await started(t);
    assert.equal((await post(coordinator, 'prepare', { gid: 'kept', trans_type: 'tcc' })).status, 200);
    const { stdout } = await coordinator.command('backup');
    const [, path = ''] = /^(\S+\.db) \(\d+ KiB\)\n$/.exec(stdout) ?? [];
    assert.ok(existsSync(path), stdout);
    const folder = join(coordinator.folder, 'restored');
    await mkdir(folder);
    await copyFile(path, join(folder, 'holdfast.db'));
    const restored = await started(t, { settings: { HOLDFAST_DATA_DIR: folder } });
    assert.equal(await statusOf(restored, 'kept'), 'prepared');
  });
});
