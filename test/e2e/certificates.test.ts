/** Certificates and keys that are renewed while the coordinator runs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { newCertificates } from '../../packages/server/src/caller/testing/certificates.ts';
import { startCoordinator } from '../lib/coordinator.ts';
import { until } from '../lib/until.ts';

const [first, second] = [newCertificates(), newCertificates()];
const day = 24 * 60 * 60;

/** The certificate that a new connection is shown. */
async function shownAt(address: string): Promise<Buffer> {
  const [host, port] = address.split(':');
  const ca = [first.ca, second.ca];
  const socket = connect({ host, port: Number(port), servername: 'localhost', ALPNProtocols: ['h2'], ca });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw;
}

test('renewed certificates are used for new connections, and files that do not fit never', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-renewed-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [certFile, keyFile, caFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key'), join(folder, 'ca.pem')];
  copyFileSync(first.certFile, certFile);
  copyFileSync(first.keyFile, keyFile);
  copyFileSync(first.caFile, caFile);
  const service = createServer({ cert: second.cert, key: second.key }, (_request, response) => response.end('{}'));
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  t.after(() => service.close());
  const coordinator = await startCoordinator({
    settings: {
      HOLDFAST_GRPC_TLS_CERT_FILE: certFile,
      HOLDFAST_GRPC_TLS_KEY_FILE: keyFile,
      HOLDFAST_CALLS_CA_FILE: caFile,
      HOLDFAST_CERTIFICATES_LOOK_MS: '100',
      HOLDFAST_RETRY_INTERVAL_MS: '1000',
    },
  });
  t.after(() => coordinator.stop());
  const metrics = async () => (await fetch(`${coordinator.url}/api/metrics`)).text();
  const notAfter = async (setting: string) => {
    const name = `holdfast_certificate_not_after_timestamp_seconds{setting="${setting}"} `;
    return Number((await metrics()).split(name)[1]?.split('\n')[0]);
  };

  for (const setting of ['grpc.tls.certFile', 'calls.caFile']) {
    assert.ok(Math.abs((await notAfter(setting)) - Date.now() / 1000 - 2 * day) < day, setting);
    assert.match(coordinator.logs, new RegExp(`"level":"warn".*"${setting}".*"msg":"a certificate ends soon"`));
  }
  const open = connectHttp2(`https://${coordinator.grpcAddress}`, { servername: 'localhost', ca: first.ca });
  t.after(() => open.destroy());
  await once(open, 'connect');
  const before = await shownAt(coordinator.grpcAddress);

  const port = (service.address() as AddressInfo).port;
  const steps = [{ action: `https://127.0.0.1:${port}/a`, compensate: '' }];
  const submitted = { gid: 'a', trans_type: 'saga', steps, payloads: ['{}'], wait_result: true };
  const body = JSON.stringify(submitted);
  const answer = await (await fetch(`${coordinator.url}/api/dtmsvr/submit`, { method: 'POST', body })).text();
  assert.doesNotMatch(answer, /SUCCESS/);
  copyFileSync(second.caFile, caFile);
  await until('the service is trusted', async () => {
    const response = await fetch(`${coordinator.url}/api/dtmsvr/query?gid=a`);
    return (await response.text()).includes('"status":"succeed"');
  });

  // One after the other, as some tools do: the pair in between is never used.
  copyFileSync(second.certFile, certFile);
  copyFileSync(second.keyFile, keyFile);
  await until('it is shown', async () => !(await shownAt(coordinator.grpcAddress)).equals(before));
  const after = await shownAt(coordinator.grpcAddress);
  const settled = await new Promise((resolve) => open.ping((error) => resolve(error)));
  assert.equal(settled, null, 'the connection that was open goes on');

  copyFileSync(first.keyFile, keyFile);
  await until('it is told', async () => {
    return (await metrics()).includes('holdfast_certificate_renewal_failed{files="grpc.tls"} 1');
  });
  await until('it is logged', () => /"level":"error".*key values mismatch.*cannot be renewed/.test(coordinator.logs));
  assert.ok((await shownAt(coordinator.grpcAddress)).equals(after));
  copyFileSync(second.keyFile, keyFile);
  await until('all is well', async () => {
    return (await metrics()).includes('holdfast_certificate_renewal_failed{files="grpc.tls"} 0');
  });
});
