/**
 * Does for a submit only what nobody can leave out: calls the two branches one after the other and answers. Keeps
 * nothing. It shows what this load generator and this machine give at most, and that the generator is not what limits.
 */
import { connect, createServer, type Socket } from 'node:net';
import { cpuUs, loopCpuUs, serveCommands } from './child.ts';
import { answer, MessageReader } from './http-message.ts';

const success = answer(200, 'OK', '{"dtm_result":"SUCCESS"}');

/** Kept-alive connections to one origin, each with at most one call out. */
class Connections {
  readonly #port: number;
  readonly #free: Connection[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  call(path: string, body: string, done: () => void): void {
    const connection = this.#free.pop() ?? new Connection(this.#port);
    connection.call(path, body, () => {
      this.#free.push(connection);
      done();
    });
  }
}

class Connection {
  readonly #socket: Socket;
  #done: () => void = () => undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const reader = new MessageReader(() => this.#done());
    this.#socket.on('data', (chunk) => reader.read(chunk));
  }

  call(path: string, body: string, done: () => void): void {
    this.#done = done;
    this.#socket.write(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  }
}

interface Saga {
  readonly gid: string;
  readonly steps: readonly { readonly action: string }[];
  readonly payloads: readonly string[];
}

function isSaga(value: unknown): value is Saga {
  return typeof value === 'object' && value !== null && 'gid' in value && 'steps' in value && 'payloads' in value;
}

const origins = new Map<string, Connections>();

function callBranch(saga: Saga, index: number, done: () => void): void {
  const step = saga.steps[index];
  if (step === undefined) {
    done();
    return;
  }
  const { port, pathname } = new URL(step.action);
  const connections = origins.get(port) ?? new Connections(Number(port));
  origins.set(port, connections);
  const path = `${pathname}?branch_id=0${index + 1}&gid=${saga.gid}&op=action&trans_type=saga`;
  connections.call(path, saga.payloads[index] ?? '', () => callBranch(saga, index + 1, done));
}

const server = createServer({ noDelay: true }, (socket) => {
  const reader = new MessageReader((_head, body) => {
    const saga: unknown = JSON.parse(body);
    if (!isSaga(saga)) throw new Error('this is no submit of a saga');
    callBranch(saga, 0, () => socket.write(success));
  });
  socket.on('data', (chunk) => reader.read(chunk));
  // The load generator takes its connections back at the end of a slice.
  socket.on('error', () => socket.destroy());
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  serveCommands(
    {
      sample: () => ({
        cpuUs: cpuUs(),
        loopCpuUs: loopCpuUs(),
        rows: 0,
        commits: 0,
        busyMs: busyMs(),
        residentBytes: 0,
      }),
    },
    { port },
  );
});

function busyMs(): number {
  return performance.eventLoopUtilization().active;
}
