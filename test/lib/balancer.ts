import { once } from 'node:events';
import { Agent, createServer as createHttpServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';

/** What stands before several coordinators: their clients know one address. */
export interface Balancer {
  /** Each request over HTTP goes to the next coordinator. */
  readonly url: string;
  /** Each connection of gRPC goes to the next one. */
  readonly grpcAddress: string;
  stop(): Promise<void>;
}

export async function startBalancer(urls: readonly string[], grpcAddresses: readonly string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  const nextUrl = inTurn(urls);
  const http = createHttpServer((asked, answer) => {
    const { method, headers, url: path = '/' } = asked;
    const passed = httpRequest(nextUrl() + path, { method, headers, agent }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.rawHeaders);
      got.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  const nextAddress = inTurn(grpcAddresses);
  const grpc = createServer((socket) => {
    const [host = '', port = ''] = nextAddress().split(':');
    const there = connect(Number(port), host);
    for (const [one, other] of [
      [socket, there],
      [there, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  const ports = await Promise.all([listen(http), listen(grpc)]);
  return {
    url: `http://127.0.0.1:${ports[0]}`,
    grpcAddress: `127.0.0.1:${ports[1]}`,
    stop: async () => {
      agent.destroy();
      http.closeAllConnections();
      // Clients of gRPC keep their connections: nobody waits for them to go.
      grpc.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function inTurn(choices: readonly string[]): () => string {
  let turn = 0;
  return () => {
    turn += 1;
    return choices[turn % choices.length] ?? '';
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
