import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

export interface Certificates {
  /** Of an authority that nobody knows, in PEM. */
  readonly ca: Buffer;
  readonly caFile: string;
  /** Of `localhost` and `127.0.0.1`, signed by it. */
  readonly cert: Buffer;
  readonly certFile: string;
  readonly key: Buffer;
  readonly keyFile: string;
}

let made: Certificates | undefined;

/** Made once for the tests of a file, by openssl. */
export function certificates(): Certificates {
  made ??= newCertificates();
  return made;
}

/** An authority and a certificate of its own. */
export function newCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
  after(() => rmSync(folder, { recursive: true }));
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'pipe' });
  openssl('req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca');
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  openssl(`req -newkey rsa:2048 -nodes -keyout s.key -out s.csr -subj /CN=localhost -addext ${names}`);
  openssl('x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out s.pem -days 2 -copy_extensions copy');
  const read = (name: string) => readFileSync(join(folder, name));
  const [caFile = '', certFile = '', keyFile = ''] = ['ca.pem', 's.pem', 's.key'].map((name) => join(folder, name));
  return { ca: read('ca.pem'), caFile, cert: read('s.pem'), certFile, key: read('s.key'), keyFile };
}
