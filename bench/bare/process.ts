/**
 * The coordinator that does nothing but call, or log and call: what this load generator and this machine give at most.
 * Its argument is the file of the log; without one it keeps nothing.
 */
import { createServer } from 'node:net';
import { cpuUs, loopCpuUs, serveCommands } from '../child.ts';
import { answer, MessageReader } from '../load/http-message.ts';
import { BareCoordinator, type Log } from './bare-coordinator.ts';
import { GroupLog } from './group-log.ts';

const success = answer(200, 'OK', '{"dtm_result":"SUCCESS"}');
const backlog = 4096;
const [path] = process.argv.slice(2);

const coordinator = new BareCoordinator(path === undefined ? (_line, durable) => durable() : logTo(path));

function logTo(file: string): Log {
  const log = new GroupLog(file);
  return (line, durable) => log.append(line, durable);
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
        rows: 0,
        commits: 0,
        busyMs: performance.eventLoopUtilization().active,
        residentBytes: 0,
      }),
    },
    { port },
  );
});
