import type { OnReadOpts } from 'node:net';

/** For all connections: what is read is looked at before anything else is read. */
const buffer = Buffer.allocUnsafe(64 * 1024);

/** Where a socket reads into, and who looks at it. */
export class Incoming implements OnReadOpts {
  readonly buffer = buffer;
  /** What it is given is valid until it returns. */
  onBytes: ((bytes: Buffer) => void) | undefined;

  readonly callback = (count: number): boolean => {
    this.onBytes?.(buffer.subarray(0, count));
    return true;
  };
}
