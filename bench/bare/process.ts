/**
 * The coordinator that does nothing but call, or keep and call: what this load generator and this machine give at most.
 * Its arguments say where it keeps: `log` and a file, or `postgres` or `mysql` and an address whose tables are there.
 * Without any it keeps nothing.
 */
import { createServer } from 'node:net';
import { cpuUs, loopCpuUs, serveCommands } from '../child.ts';
import { answer, MessageReader } from '../load/http-message.ts';
import { BareCoordinator } from './bare-coordinator.ts';
import { GroupLog } from './group-log.ts';
import type { Keep } from './kept.ts';
import { openSender } from './sql-connections.ts';
import { SqlKeeper } from './sql-keeper.ts';

const success = answer(200, 'OK', '{"dtm_result":"SUCCESS"}');
const backlog = 4096;
const [kind = '', place = ''] = process.argv.slice(2);

const counts = { rows: 0, commits: 0 };
const coordinator = new BareCoordinator(await openKeep());

async function openKeep(): Promise<Keep> {
  if (kind === '') return (_kept, durable) => durable();
  if (kind === 'log') {
    const log = new GroupLog(place);
    return ({ gid, body }, durable) =>
      log.append(`${body === '' ? `{"gid":"${gid}","status":"succeed"}` : body}\n`, durable);
  }
  if (kind !== 'postgres' && kind !== 'mysql') throw new Error(`nothing is kept in ${kind}`);
  const keeper = new SqlKeeper(await openSender(kind, place), counts);
  return (kept, durable) => keeper.keep(kept, durable);
}

const server = createServer({ noDelay: true }, (socket) => {
  const reader = new MessageReader((head, body) => coordinator.take(head, body, () => socket.write(success)));
  socket.on('data', (chunk) => reader.read(chunk));
  // The load generator takes its connections back at the end of a slice.
  socket.on('error', () => socket.destroy());
});

server.listen({ port: 0, host: '127.0.0.1', backlog }, () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  serveCommands(
    {
      sample: () => ({
        cpuUs: cpuUs(),
        loopCpuUs: loopCpuUs(),
        ...counts,
        busyMs: performance.eventLoopUtilization().active,
        residentBytes: 0,
      }),
    },
    { port },
  );
});
