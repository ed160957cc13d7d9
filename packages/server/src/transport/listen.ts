import type { AddressInfo, Server } from 'node:net';

/** `::` means every address, of IPv4 as well; where there is no IPv6, this is what means the same. */
const everyAddress = { withIpv6: '::', without: '0.0.0.0' } as const;

/**
 * Connections that the system makes while the event loop is busy. Further ones are made when their client asks again,
 * after a second: clients that begin together must find room. The system may have a lower limit (`net.core.somaxconn`).
 */
const backlog = 4096;

/**
 * Resolves with where it listens, once it does.
 * @throws the system's error (EADDRINUSE, EACCES, ...) where it cannot
 */
export async function listenOn(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly host: string; readonly port: number }> {
  await listenOnce(server, host, port).catch((error: unknown) => {
    if (host !== everyAddress.withIpv6 || !hasNoIpv6(error)) throw error;
    return listenOnce(server, everyAddress.without, port);
  });
  const listening = addressOf(server);
  return { host: listening.address, port: listening.port };
}

/** @throws Error where it does not listen */
export function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('listens on no TCP port');
  return address;
}

function listenOnce(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function hasNoIpv6(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(EAFNOSUPPORT|EADDRNOTAVAIL)$/.test(String(error.code));
}
