import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type ListenOptions, Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { listenOn } from './listen.ts';

/** As on a system without IPv6: only IPv4 can be listened on. */
class WithoutIpv6 extends Server {
  override listen(options: unknown, ...rest: unknown[]): this {
    if ((options as ListenOptions).host?.includes(':') !== true)
      return super.listen(options as object, ...(rest as []));
    const error = Object.assign(new Error('listen EAFNOSUPPORT'), { code: 'EAFNOSUPPORT' });
    process.nextTick(() => this.emit('error', error));
    return this;
  }
}

function closing<Kind extends Server>(t: TestContext, server: Kind): Kind {
  t.after(() => server.close());
  return server;
}

test(':: is reached by IPv4 and IPv6', async (t) => {
  const server = closing(
    t,
    createServer((socket) => socket.end()),
  );
  const { port } = await listenOn(server, { host: '::', port: 0 });
  for (const host of ['127.0.0.1', '::1']) {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    socket.destroy();
  }
});

test(':: is 0.0.0.0 where there is no IPv6; any other address is what it is', async (t) => {
  const server = closing(t, new WithoutIpv6());
  assert.equal((await listenOn(server, { host: '::', port: 0 })).host, '0.0.0.0');
  await assert.rejects(listenOn(closing(t, new WithoutIpv6()), { host: '::1', port: 0 }), /EAFNOSUPPORT/);
});

test('a port that is taken is an error as it is', async (t) => {
  const { port } = await listenOn(closing(t, createServer()), { host: '::', port: 0 });
  await assert.rejects(listenOn(closing(t, createServer()), { host: '::', port }), /EADDRINUSE/);
});

/** Connects so many times at once and prints how many were made, when all were or when nothing more can come at once. */
const crowd = `
  const { connect } = require('node:net');
  const [port, count] = process.argv.slice(1).map(Number);
  let made = 0;
  const end = () => { process.stdout.write(String(made)); process.exit(); };
  for (let index = 0; index < count; index += 1) {
    connect({ port, host: '127.0.0.1' }).on('connect', () => { if (++made === count) end(); }).on('error', end);
  }
  setTimeout(end, 5000);
`;

test('while it is busy, a thousand clients that come together get their connections', async (t) => {
  if (process.platform !== 'linux') return t.skip('how many may wait is known on Linux only');
  const most = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
  if (most < 1000) return t.skip(`the system allows ${most} waiting connections`);
  const server = closing(t, createServer());
  const { port } = await listenOn(server, { host: '127.0.0.1', port: 0 });
  // Nothing is accepted meanwhile: this process waits for the other one.
  const { stdout } = spawnSync(process.execPath, ['-e', crowd, String(port), '1000'], { encoding: 'utf8' });
  assert.equal(stdout, '1000');
});
