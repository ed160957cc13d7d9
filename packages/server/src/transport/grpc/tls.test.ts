import assert from 'node:assert/strict';
import { connect, constants } from 'node:http2';
import { after, test } from 'node:test';
import { credentials } from '@grpc/grpc-js';
import { certificates } from '../../caller/testing/certificates.ts';
import { serverIdentity } from '../../tls/server-identity.ts';
import { ask, begin, clientOf, submit } from './client-testing.ts';
import { close, closers, start } from './testing.ts';

/** Made before the tests, and removed after all of them. */
const { ca, caFile, cert, certFile, key, keyFile } = certificates();

after(close);

test('over TLS: the certificate is shown, plain text is not served, and its limits hold as well', async () => {
  const tls = { certFile, keyFile, clientCaFile: '' };
  const { address, coordinator, number } = await start({ tls, requestTimeoutMs: 300 });
  assert.equal((await ask(clientOf(address, credentials.createSsl(ca)), 'Submit')).code, 0);
  assert.notEqual((await ask(clientOf(address), 'Submit', submit, 1000)).code, 0);
  assert.equal(coordinator.asked.length, 1);
  const session = connect(`https://127.0.0.1:${number}`, { ca });
  session.on('error', () => undefined);
  closers.push(() => session.destroy());
  const silent = begin(session);
  assert.equal((await silent.ended).reset, constants.NGHTTP2_CANCEL);
});

test('with a client CA, a client must show a certificate of it', async () => {
  const { address, coordinator } = await start({ tls: { certFile, keyFile, clientCaFile: caFile } });
  assert.equal((await ask(clientOf(address, credentials.createSsl(ca, key, cert)), 'Submit')).code, 0);
  assert.notEqual((await ask(clientOf(address, credentials.createSsl(ca)), 'Submit', submit, 1000)).code, 0);
  assert.equal(coordinator.asked.length, 1);
});

test('files for TLS that cannot be read or used are named', () => {
  const tls = { certFile, keyFile, clientCaFile: '' };
  const read = (files: object) => serverIdentity('grpc.tls', { ...tls, ...files });
  assert.notEqual(read({}), undefined);
  assert.throws(() => read({ certFile: '/none' }), /^Error: grpc\.tls\.certFile: ENOENT/);
  assert.throws(() => read({ certFile: keyFile }), /^Error: grpc\.tls\.certFile: .*: it holds no certificate/);
  assert.throws(() => read({ certFile: caFile }), /^Error: grpc\.tls: .*mismatch/);
  assert.throws(() => read({ keyFile: certFile }), /^Error: grpc\.tls: /);
});
