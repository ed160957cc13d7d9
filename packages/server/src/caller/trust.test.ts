import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { test } from 'node:test';
import { systemRuntime } from '../runtime.ts';
import { HttpSender } from './http-sender.ts';
import { defaultSenderLimits } from './limits.ts';
import { certificates } from './testing/certificates.ts';
import { listen, messageOf, send } from './testing/services.ts';
import { trusting } from './trust.ts';

test('a service whose certificate is signed by an authority of the file is called over https, others are not', async () => {
  const { caFile, cert, key } = certificates();
  const server = createServer({ cert, key }, (_request, response) => response.end());
  const url = `https://localhost:${await listen(server, '127.0.0.1')}/a`;
  const secureContext = await trusting(caFile);
  const sender = new HttpSender({ runtime: systemRuntime, limits: defaultSenderLimits, version: '1', secureContext });
  assert.equal(messageOf(await send(url, {}, sender)), '');
  const untrusted = await send(url);
  assert.match(messageOf(untrusted), /^cannot connect: .*certificate/);
  assert.equal(untrusted.health, 'connect');
  await sender.close();
});

test('a file that is not there, or holds no certificate, is refused', async () => {
  await assert.rejects(trusting('/nowhere/ca.pem'), /ENOENT/);
  await assert.rejects(trusting(import.meta.filename), /no certificate in PEM/);
});
