import assert from 'node:assert/strict';
import { once } from 'node:events';
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
