import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { httpDefaults } from './settings.ts';
import { arrayBytesInUse, raw, until } from './testing.ts';
import { testsOfBothWays } from './ways-testing.ts';

const tests = testsOfBothWays();
const { both, start } = tests;

const head = (...lines: string[]) =>
  [`POST ${tests.root}/api/dtmsvr/submit HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
const saga = '{"gid":"g","trans_type":"saga"}';
const mebibyte = Buffer.alloc(1024 * 1024, 0x20);

/**
 * Writes as fast as the other side takes it, and counts, until the connection ends or `most` are sent.
 * @param isDeaf goes on writing when it is answered
 */
async function flood(
  socket: Socket,
  chunk: Buffer,
  most: number,
  isDeaf = false,
): Promise<{ sent: number; answer: string }> {
  let sent = 0;
  let answer = '';
  let isOpen = true;
  socket.on('data', (data) => {
    answer += data;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isOpen = false;
      resolve();
    });
  });
  while (isOpen && sent < most && (isDeaf || answer === '')) {
    sent += chunk.length;
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain').catch(() => closed), closed]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  await closed;
  return { sent, answer };
}

both('Q34: a body that says it is too long is refused at once', async () => {
  const { port, coordinator } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.write(head(`Content-Length: ${1024 ** 3}`));
  const [data] = await once(socket, 'data');
  assert.match(String(data), /^HTTP\/1\.1 413 .*\r\nConnection: close\r\n/s);
  assert.match(String(data), /\{"message":"body: must be at most 4194304 bytes"\}$/);
  socket.destroy();
  assert.deepEqual(coordinator.asked, []);
});

both('who goes on sending sees the 413 all the same, and is not read to the end', async () => {
  const { port } = await start();
  for (const framing of [`Content-Length: ${1024 ** 3}`, 'Transfer-Encoding: chunked']) {
    const socket = connect(port, '127.0.0.1');
    socket.write(head(framing));
    const chunk = framing.startsWith('C')
      ? mebibyte
      : Buffer.concat([Buffer.from(`${mebibyte.length.toString(16)}\r\n`), mebibyte, Buffer.from('\r\n')]);
    const { sent, answer } = await flood(socket, chunk, 1024 ** 3);
    assert.match(answer, /^HTTP\/1\.1 413 /, framing);
    assert.ok(sent < 64 * 1024 ** 2, `${framing}: ${sent} bytes were taken`);
  }
});

both('who never stops sending is cut off', async () => {
  const { port } = await start();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(head(`Content-Length: ${1024 ** 3}`));
  const { sent, answer } = await flood(socket, mebibyte, 1024 ** 3, true);
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.ok(sent < 64 * 1024 ** 2, `${sent} bytes were taken`);
});

both('who writes all of a body a little over the limit before reading sees the 413', async () => {
  const { port } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.write(head(`Content-Length: ${5 * mebibyte.length}`));
  for (let part = 0; part < 5; part += 1) socket.write(mebibyte);
  await until(() => socket.destroyed || socket.bytesWritten > 1024 ** 2);
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'close');
  assert.match(answer, /^HTTP\/1\.1 413 /);
});

both('a body at the limit is taken, one byte more is not', async () => {
  const settings = { ...httpDefaults, bodyLimitBytes: 100 };
  const { base, coordinator } = await start({ settings });
  const submit = (bytes: number, isChunked: boolean) => {
    const text = saga.padEnd(bytes);
    const body = isChunked ? new Blob([text]).stream() : text;
    return fetch(`${base}${tests.root}/api/dtmsvr/submit`, { method: 'POST', body, duplex: 'half' } as RequestInit);
  };
  for (const isChunked of [false, true]) {
    assert.equal((await submit(100, isChunked)).status, 200);
    assert.equal((await submit(101, isChunked)).status, 413);
  }
  assert.equal(coordinator.asked.length, 2);
});

both('100 Continue is sent only where the body will be read', async () => {
  const { port } = await start();
  const small = await raw(
    port,
    head('Connection: close', 'Expect: 100-continue', `Content-Length: ${saga.length}`),
    saga,
  );
  assert.match(small, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  const socket = connect(port, '127.0.0.1');
  socket.write(head('Expect: 100-continue', `Content-Length: ${1024 ** 3}`));
  const [data] = await once(socket, 'data');
  assert.match(String(data), /^HTTP\/1\.1 413 /);
  socket.destroy();
});

both('a body is not kept while its request waits for its answer', async () => {
  const { coordinator, port } = await start();
  const { promise, resolve } = Promise.withResolvers<void>();
  coordinator.gate = promise;
  const asked = `{"gid":"g","trans_type":"tcc","unknown":"${'x'.repeat(2 * 1024 * 1024)}"}`;
  const rpc = `{"jsonrpc":"2.0","id":"a","method":"submit","params":${asked}}`;
  for (const [path, text] of [
    [`${tests.root}/api/dtmsvr/submit`, asked],
    [`${tests.root}/api/dtmsvr/abort`, asked],
    [`${tests.root}/api/json-rpc`, rpc],
  ] as const) {
    const body = Buffer.from(text);
    const before = await arrayBytesInUse();
    for (let count = 0; count < 8; count += 1) {
      const begun = coordinator.asked.length;
      const sent = request({ port, path, method: 'POST', headers: { 'content-length': body.length } });
      sent.on('error', () => undefined).end(body);
      await until(() => coordinator.asked.length > begun);
    }
    const times = ((await arrayBytesInUse()) - before) / (8 * body.length);
    assert.ok(times < 0.5, `${path}: each is kept ${times} times`);
  }
  resolve();
});

both('bodies being received have a budget over all connections; what is given up is given back', async () => {
  const settings = { ...httpDefaults, bodyBudgetBytes: 2 * mebibyte.length };
  const { port, base } = await start({ settings });
  const begin = () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(head(`Content-Length: ${2 * mebibyte.length}`));
    socket.write(mebibyte.subarray(0, mebibyte.length - 1));
    return socket;
  };
  const submit = () => fetch(`${base}${tests.root}/api/dtmsvr/submit`, { method: 'POST', body: saga.padEnd(1000) });
  const held = [begin(), begin()];
  await until(() => held.every((socket) => socket.writableLength === 0));
  let refused = await submit();
  for (let turn = 0; turn < 1000 && refused.status === 200; turn += 1) refused = await submit();
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
  for (const socket of held) socket.destroy();
  let served = await submit();
  for (let turn = 0; turn < 1000 && served.status === 503; turn += 1) served = await submit();
  assert.equal(served.status, 200);
});

both('a body where none belongs is not read', async () => {
  const { port, coordinator } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `GET ${tests.root}/api/dtmsvr/query?gid=g HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const { answer, sent } = await flood(
    socket,
    Buffer.concat([Buffer.from('100000\r\n'), mebibyte, Buffer.from('\r\n')]),
    1024 ** 3,
  );
  assert.match(answer, /^HTTP\/1\.1 200 .*Connection: close/s);
  assert.ok(sent < 64 * 1024 ** 2);
  assert.equal(coordinator.asked.length, 1);
});

both('what follows a refused body on its connection is not served', async () => {
  const { port, coordinator } = await start({ settings: { ...httpDefaults, bodyLimitBytes: 100 } });
  const second = head('Connection: close', `Content-Length: ${saga.length}`) + saga;
  const answer = await raw(port, head('Content-Length: 101') + 'x'.repeat(101) + second);
  assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1);
  assert.deepEqual(coordinator.asked, []);
});

both('large bodies are read one each round of the event loop: who asks meanwhile is served between two', async () => {
  const { port, coordinator } = await start();
  const large = 8;
  const sockets = await Promise.all(
    Array.from({ length: large + 1 }, async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  const probe = sockets.pop() ?? assert.fail();
  const body = `{"gid":"g","trans_type":"saga","x":"${'x'.repeat(100_000)}"}`;
  const answered = Promise.all([probe, ...sockets].map((socket) => once(socket, 'data')));
  for (const socket of sockets) socket.write(`${head(`Content-Length: ${body.length}`)}${body.slice(0, -1)}`);
  let submits = large;
  coordinator.unready = () => {
    submits = coordinator.asked.length;
    return undefined;
  };
  // Until all but the last bytes have been received.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  for (const socket of sockets) socket.write('}');
  probe.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await answered;
  assert.equal(coordinator.asked.length, large);
  assert.ok(submits < large, `${submits} large bodies were read before the probe was answered`);
  for (const socket of [probe, ...sockets]) socket.destroy();
});
