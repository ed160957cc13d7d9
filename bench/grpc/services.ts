import { createServer, type Http2Server } from 'node:http2';

/** An empty message, not compressed. */
const emptyMessage = Buffer.alloc(5);

/** The branch services of two-branch sagas over gRPC: every call succeeds, and nothing is kept. */
export class GrpcServices {
  readonly #server: Http2Server;
  #forward = 0;
  #backward = 0;

  constructor() {
    this.#server = createServer();
    this.#server.on('stream', (stream, headers) => {
      if (headers['dtm-op'] === 'action') this.#forward += 1;
      else this.#backward += 1;
      stream.resume();
      stream.on('end', () => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(emptyMessage);
      });
      // The coordinator ended: nothing is lost here.
      stream.on('error', () => stream.destroy());
    });
  }

  get forward(): number {
    return this.#forward;
  }

  /** Other calls, such as compensations. */
  get backward(): number {
    return this.#backward;
  }

  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the branch services listen on no port'));
      });
    });
  }
}
