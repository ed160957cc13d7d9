import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Certificates, newCertificates } from '../caller/testing/certificates.ts';
import { serverIdentity } from './server-identity.ts';

const [first, second] = [newCertificates(), newCertificates()];

/** As Kubernetes lays out a secret: `tls.crt` leads to `..data/tls.crt`, and a renewal swaps `..data`. */
class Mounted {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-mounted-'));
  #generation = 0;

  constructor(t: TestContext, certificates: Certificates) {
    t.after(() => rmSync(this.folder, { recursive: true }));
    this.swap(certificates, certificates);
    for (const name of ['tls.crt', 'tls.key', 'ca.crt']) symlinkSync(`..data/${name}`, this.path(name));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  swap(ofCert: Certificates, ofKey: Certificates): void {
    const generation = `..${++this.#generation}`;
    mkdirSync(this.path(generation));
    copyFileSync(ofCert.certFile, this.path(`${generation}/tls.crt`));
    copyFileSync(ofKey.keyFile, this.path(`${generation}/tls.key`));
    copyFileSync(ofCert.caFile, this.path(`${generation}/ca.crt`));
    symlinkSync(generation, this.path('..data_tmp'));
    renameSync(this.path('..data_tmp'), this.path('..data'));
  }
}

function watched(mounted: Mounted) {
  const [certFile, keyFile, clientCaFile] = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => mounted.path(name));
  assert.ok(certFile && keyFile && clientCaFile);
  const files = serverIdentity('grpc.tls', { certFile, keyFile, clientCaFile });
  assert.ok(files !== undefined);
  return files;
}

test('a renewal by a swapped link is taken as a whole, and told to whoever wants to know', async (t) => {
  const mounted = new Mounted(t, first);
  const files = watched(mounted);
  const told: Buffer[] = [];
  files.onChange(({ cert }) => told.push(cert));
  assert.deepEqual(await files.look(), { kind: 'same' });
  mounted.swap(first, first);
  assert.deepEqual(await files.look(), { kind: 'same' }, 'other files with the same contents');
  mounted.swap(second, second);
  assert.deepEqual(await files.look(), { kind: 'changed' });
  assert.deepEqual([files.value.cert, files.value.key, files.value.clientCa], [second.cert, second.key, second.ca]);
  assert.deepEqual(told, [second.cert]);
});

test('a pair that does not fit, a file that is empty or gone: what was read before stays, and the setting is named', async (t) => {
  const mounted = new Mounted(t, first);
  const files = watched(mounted);
  const problemOf = async () => {
    const look = await files.look();
    assert.equal(files.value.cert.equals(first.cert), true);
    return look.kind === 'broken' ? look.problem : look.kind;
  };
  mounted.swap(second, first);
  assert.match(await problemOf(), /^grpc\.tls: .*key values mismatch/);
  mounted.swap(first, first);
  assert.equal(await problemOf(), 'same');
  truncateSync(mounted.path('tls.crt'), 100);
  assert.match(await problemOf(), /^grpc\.tls\.certFile: .*tls.crt: it holds no certificate in PEM/);
  mounted.swap(first, first);
  truncateSync(mounted.path('ca.crt'));
  assert.match(await problemOf(), /^grpc\.tls\.clientCaFile: .*ca.crt: it holds no certificate in PEM/);
  rmSync(mounted.path('tls.key'));
  assert.match(await problemOf(), /^grpc\.tls\.keyFile: ENOENT/);
});

test('when certificates end is known of each file that holds some, and not of keys', (t) => {
  const { expiries } = watched(new Mounted(t, first));
  const day = 24 * 60 * 60 * 1000;
  assert.deepEqual(
    expiries.map(({ setting, subject }) => [setting, subject]),
    [
      ['grpc.tls.certFile', 'CN=localhost'],
      ['grpc.tls.clientCaFile', 'CN=test-ca'],
    ],
  );
  for (const { notAfterMs } of expiries) assert.ok(Math.abs(notAfterMs - Date.now() - 2 * day) < day);
});

test('a folder or a pipe in the place of a file is a problem, and is not waited for', async (t) => {
  const mounted = new Mounted(t, first);
  const files = watched(mounted);
  const problem = `grpc.tls.certFile: ${mounted.path('tls.crt')} is not a file`;
  rmSync(mounted.path('tls.crt'));
  mkdirSync(mounted.path('tls.crt'));
  assert.deepEqual(await files.look(), { kind: 'broken', problem });
  rmSync(mounted.path('tls.crt'), { recursive: true });
  execFileSync('mkfifo', [mounted.path('tls.crt')]);
  assert.deepEqual(await files.look(), { kind: 'broken', problem });
  assert.throws(() => watched(mounted), { message: problem });
});
