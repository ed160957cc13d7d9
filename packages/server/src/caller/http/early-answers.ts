import type { Socket } from 'node:net';

/** The other end has closed the connection, or its side of it. What it sent before may still be there to be read. */
const resetCodes = new Set<string | undefined>(['ECONNRESET', 'EPIPE']);

type Done = (error?: Error | null) => void;

/**
 * For a request that is written in several parts. A service that refuses a long body answers early and closes: the reset
 * comes while the rest is being written. Node ends a socket at the first write that fails, and with it an answer that has
 * come and was not read yet. So the failure of a write is kept back: what has come is read, and then the end of the
 * connection. Whoever uses this ends the socket at its `end`.
 */
export function readEarlyAnswers(socket: Socket): void {
  const write = socket._write.bind(socket);
  const writeMany = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, done) => write(chunk, encoding, unlessReset(done));
  if (writeMany !== undefined) socket._writev = (chunks, done) => writeMany(chunks, unlessReset(done));
}

function unlessReset(done: Done): Done {
  return (error) => {
    if (!resetCodes.has((error as NodeJS.ErrnoException | null | undefined)?.code)) done(error);
  };
}
