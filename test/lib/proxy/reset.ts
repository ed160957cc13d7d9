import type { Socket } from 'node:net';

/** Its peer sees a reset. While the end of a socket is on its way the system takes none, and Node would lose the socket. */
export function reset(socket: Socket): void {
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
