/** Where nobody takes what is logged and said, or the terminal is gone: the coordinator serves on, and ends when it is asked to. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { cleanEnvironment } from '../lib/coordinator.ts';
import { freePort } from '../lib/free-port.ts';
import { until } from '../lib/until.ts';

const cli = join(import.meta.dirname, '..', '..', 'packages/server/src/cli.ts');

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
}

/** `command` runs what follows it, with other streams than ours. */
async function served(
  t: TestContext,
  stdio: readonly ('ignore' | 'inherit' | number)[],
  command: readonly string[] = [],
  settings: Readonly<Record<string, string>> = {},
): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-output-'));
  const port = await freePort();
  const env = {
    ...cleanEnvironment(),
    HOLDFAST_HTTP_PORT: String(port),
    HOLDFAST_GRPC_SERVE: 'off',
    HOLDFAST_DATA_DIR: join(folder, 'data'),
    HOLDFAST_SHUTDOWN_DRAIN_MS: '0',
    ...settings,
  };
  const [program = '', ...args] = [...command, process.execPath, '--conditions=source', cli, 'serve'];
  const child = spawn(program, args, { env, stdio: [...stdio] });
  t.after(async () => {
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (isRunning) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await until('it serves', async () => {
    assert.equal(child.exitCode, null, 'it ended');
    return (await answer(`${url}/readyz`)) === 200;
  });
  return { child, url };
}

async function answer(url: string): Promise<number> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    await response.body?.cancel();
    return response.status;
  } catch {
    // Nobody answers (yet).
    return 0;
  }
}

async function lostLines(url: string): Promise<number> {
  const text = await (await fetch(`${url}/api/metrics`)).text();
  return Number(/^holdfast_log_lines_lost_total (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
}

async function endedBy(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
  return child.exitCode;
}

/** A pipe that holds no byte more, and who could read it. */
function fullPipe(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const filler = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  t.after(() => {
    for (const fd of [reader, filler, writer]) closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  assert.throws(() => {
    for (;;) writeSync(filler, 'x'.repeat(4096));
  }, /EAGAIN/);
  const taken = () => {
    const buffer = Buffer.alloc(1 << 20);
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer));
    } catch {
      // EAGAIN: nothing is there.
      return '';
    }
  };
  return { writer, taken };
}

/** Warns as Node does, when it is told to. */
const warns = `data:text/javascript,process.on('SIGUSR2', () => { process.emitWarning('of Node') })`;

const canMount = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
const noMounts = canMount ? false : 'needs Linux, root and unshare, for a small disk that can be full';

describe('where nobody takes what is said', { timeout: 600_000, concurrency: 2 }, () => {
  it('a full disk: it serves on, counts lost lines, ends with 0', async (t) => {
    const full = openSync('/dev/full', 'w');
    t.after(() => closeSync(full));
    const { child, url } = await served(t, ['ignore', full, full]);
    await until('lost lines are counted', async () => (await lostLines(url)) > 0);
    assert.equal(await endedBy(child, 'SIGTERM'), 0);
  });

  it('a disk that is full for a while: the log goes on, and says where lines are missing', {
    skip: noMounts,
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-log-disk-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const script = 'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@" 2> "$0/log"';
    const settings = { HOLDFAST_LOG_LEVEL: 'debug', NODE_OPTIONS: `--import=${encodeURI(warns)}` };
    const mounted = ['unshare', '--mount', 'sh', '-c', script, folder];
    const { child, url } = await served(t, ['ignore', 'ignore', 'inherit'], mounted, settings);
    // The disk is seen by the process alone, and by whoever looks through it.
    const at = (name: string) => `/proc/${child.pid}/root${folder}/${name}`;
    const linesOf = () => readFileSync(at('log'), 'utf8').split('\n').slice(0, -1);
    assert.throws(() => writeFileSync(at('filler'), Buffer.alloc(1 << 20)), /ENOSPC/);
    await until('lines are lost', async () => (await answer(`${url}/healthz`)) === 200 && (await lostLines(url)) > 0);
    rmSync(at('filler'));
    await until('it is told', () => linesOf().some((line) => line.includes('lines of the log are missing here')));
    process.kill(child.pid ?? 0, 'SIGUSR2');
    await until('it goes on', () => linesOf().some((line) => line.includes('"warning":"Warning: of Node"')));
    // The line at which the disk was full may be cut; every other one is whole.
    const broken = linesOf().filter((line) => !line.endsWith('}'));
    assert.ok(broken.length <= 1, broken.join('\n'));
    assert.equal(await endedBy(child, 'SIGTERM'), 0);
  });

  it('a pipe that is full from the beginning: it serves on, ends, and says all once it is read', async (t) => {
    const pipe = fullPipe(t);
    const { child, url } = await served(t, ['ignore', pipe.writer, pipe.writer]);
    assert.equal(await lostLines(url), 0);
    let text = '';
    await until('all is read', () => {
      text += pipe.taken();
      return text.includes('"msg":"serving"') && text.includes('ready after');
    });
    assert.equal(await endedBy(child, 'SIGTERM'), 0);
    assert.match(text + pipe.taken(), /holdfast: stopped/);
  });

  for (const signals of [1, 2]) {
    it(`a pipe that nobody reads: ${signals} SIGTERM end it`, async (t) => {
      const pipe = fullPipe(t);
      const drain = { HOLDFAST_SHUTDOWN_DRAIN_MS: signals === 1 ? '0' : '3600000' };
      const { child, url } = await served(t, ['ignore', pipe.writer, pipe.writer], [], drain);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      if (signals === 2) {
        await until('it stops', async () => (await answer(`${url}/readyz`)) === 503);
        // A signal within half a second of the first is the same one.
        await until('the second one ends it', () => child.exitCode !== null || !child.kill('SIGTERM'));
      }
      await ended;
      // The second one ends it at once, by that signal.
      assert.deepEqual([child.exitCode, child.signalCode], signals === 1 ? [0, null] : [null, 'SIGTERM']);
    });
  }

  it('settings that are wrong end it with 2 beside a pipe that nobody reads', async (t) => {
    const pipe = fullPipe(t);
    const env = { ...cleanEnvironment(), HOLDFAST_NOTHING: '1' };
    const args = ['--conditions=source', cli, 'serve'];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', pipe.writer, pipe.writer] });
    await once(child, 'exit');
    assert.equal(child.exitCode, 2);
  });

  const terminal = 'master, slave = pty.openpty()';
  const socket = `
mine, theirs = socket.socketpair()
theirs.setblocking(False)
try:
    while True: theirs.send(bytes(1024))
except BlockingIOError: theirs.setblocking(True)
slave = theirs.fileno()`;
  for (const [what, streams, then] of [
    ['a terminal that is gone', terminal, 'os.close(master)'],
    ['a terminal that was stopped (Ctrl-S)', terminal, 'termios.tcflow(slave, termios.TCOOFF); time.sleep(3600)'],
    ["a socket that nobody reads, as systemd's journal may be", socket, 'time.sleep(3600)'],
  ] as const) {
    it(`${what}: it serves on, and ends with 0`, async (t) => {
      const python = `
import os, pty, signal, socket, subprocess, sys, termios, time, threading
${streams}
child = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave)
signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
def end():
    os._exit(child.wait())
threading.Thread(target=end).start()
${then}
`;
      const { child, url } = await served(t, ['ignore', 'inherit', 'inherit'], ['python3', '-c', python], {
        HOLDFAST_LOG_LEVEL: 'debug',
      });
      for (let request = 0; request < 200; request++) assert.equal(await answer(`${url}/healthz`), 200);
      if (what.includes('gone')) await until('lost lines are counted', async () => (await lostLines(url)) > 0);
      assert.equal(await endedBy(child, 'SIGTERM'), 0);
    });
  }

  it('nohup: SIGHUP is ignored, SIGTERM ends it with 0', async (t) => {
    const { child, url } = await served(t, ['ignore', 'ignore', 'ignore'], ['nohup']);
    child.kill('SIGHUP');
    for (let request = 0; request < 20; request++) assert.equal(await answer(`${url}/readyz`), 200);
    assert.equal(await endedBy(child, 'SIGTERM'), 0);
  });

  it('on a terminal SIGHUP ends it with 0', async (t) => {
    const python = `
import pty, subprocess, signal, sys
master, slave = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave)
signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGHUP))
sys.exit(child.wait())
`;
    const { child } = await served(t, ['ignore', 'inherit', 'inherit'], ['python3', '-c', python]);
    assert.equal(await endedBy(child, 'SIGTERM'), 0);
  });
});
