import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Dialer } from '../caller/dial/dialer.ts';
import { HttpSender } from '../caller/http/http-sender.ts';
import { defaultSenderLimits } from '../caller/http/limits.ts';
import { newCertificates } from '../caller/testing/certificates.ts';
import { listen, messageOf, send } from '../caller/testing/services.ts';
import { systemRuntime } from '../runtime.ts';
import { trusting } from './trust.ts';

test('a service is called over https whose authority is in the file when the connection is made; others are not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-trust-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const caFile = join(folder, 'ca.pem');
  const [first, second] = [newCertificates(), newCertificates()];
  const urlOf = async ({ cert, key }: typeof first) => {
    const server = createServer({ cert, key }, (_request, response) => response.end());
    return `https://localhost:${await listen(server, '127.0.0.1')}/a`;
  };
  const urls = { first: await urlOf(first), second: await urlOf(second) };
  copyFileSync(first.caFile, caFile);
  const trusted = trusting('calls.caFile', caFile);
  const parts = { runtime: systemRuntime, upkeep: systemRuntime, limits: defaultSenderLimits, version: '1' };
  const sender = new HttpSender({
    ...parts,
    dialer: new Dialer({ upkeep: systemRuntime, trust: () => trusted.value }),
  });
  assert.equal(messageOf(await send(urls.first, {}, sender)), '');
  const untrusted = await send(urls.second, {}, sender);
  assert.match(messageOf(untrusted), /^cannot connect: .*certificate/);
  assert.equal(untrusted.health, 'connect');
  copyFileSync(second.caFile, caFile);
  assert.deepEqual(await trusted.look(), { kind: 'changed' });
  assert.equal(messageOf(await send(urls.second, {}, sender)), '');
  // The connection that is open goes on; a new one does not trust it any more.
  assert.equal(messageOf(await send(urls.first, {}, sender)), '');
  const later = new HttpSender({ ...parts, dialer: new Dialer({ upkeep: systemRuntime, trust: () => trusted.value }) });
  assert.match(messageOf(await send(urls.first, {}, later)), /^cannot connect: .*certificate/);
  await Promise.all([sender.close(), later.close()]);
});

test('a file that is not there, or holds no certificate, is refused', () => {
  assert.throws(() => trusting('calls.caFile', '/nowhere/ca.pem'), /^Error: calls\.caFile: ENOENT/);
  assert.throws(() => trusting('calls.caFile', import.meta.filename), /^Error: calls\.caFile: .*no certificate in PEM/);
});
