import { exchangeCut } from '../../lib/cut-exchange.ts';

/** The statuses of the answers to bytes that are cut at `at`, in their order; empty: it was closed without one. */
export async function statusesOf(port: number, bytes: Buffer, at: number): Promise<string> {
  const text = await exchangeCut(port, bytes, at);
  return [...text.matchAll(/HTTP\/1\.1 (\d+) [\w -]+\r\n/g)].map(([, status]) => status).join(' ');
}
