import { type ClientRequest, request } from 'node:http';
import { createServer } from 'node:net';
import { addressOf, listenOn } from '../../../../packages/server/src/transport/listen.ts';

/** What a client reads of an answer: `200 body`, one character a byte, or `refused`. */
export type Reading = string;

export const refused = 'refused';

/** What Node's client, whose parser is strict by default, reads if a service writes each of them and closes the connection. */
export async function readByNode(answers: readonly string[]): Promise<Reading[]> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (asked) => {
      const [, index = ''] = /^GET \/(\d+)/.exec(asked.toString('latin1')) ?? [];
      socket.end(Buffer.from(answers[Number(index)] ?? '', 'latin1'));
    });
  });
  await listenOn(server, { host: '127.0.0.1', port: 0 });
  const { port } = addressOf(server);
  const readings: Reading[] = [];
  for (const index of answers.keys()) {
    readings.push(await readingOf(request({ host: '127.0.0.1', port, path: `/${index}`, agent: false })));
  }
  await new Promise((resolve) => server.close(resolve));
  return readings;
}

/** Of a request that is not sent yet. */
export function readingOf(asked: ClientRequest): Promise<Reading> {
  return new Promise((resolve) => {
    let hasAnswer = false;
    asked.on('response', (response) => {
      hasAnswer = true;
      let body = '';
      response.setEncoding('latin1').on('data', (piece: string) => {
        body += piece;
      });
      response.on('error', () => undefined);
      response.on('close', () => resolve(response.complete ? `${response.statusCode} ${body}` : refused));
    });
    asked.on('error', () => hasAnswer || resolve(refused));
    asked.on('close', () => hasAnswer || resolve(refused)).end();
  });
}
