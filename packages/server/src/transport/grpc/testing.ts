import { serverIdentity } from '../../tls/server-identity.ts';
import { RecordingCoordinator } from '../http/testing.ts';
import { GrpcPort } from './port.ts';
import { GrpcServer } from './server.ts';
import type { GrpcSettings } from './settings.ts';

const mib = 1024 * 1024;
const defaults: GrpcSettings = {
  ...{ host: '127.0.0.1', port: 0, tls: { certFile: '', keyFile: '', clientCaFile: '' } },
  ...{ messageLimitBytes: 4 * mib, messageBudgetBytes: 256 * mib, answerBudgetBytes: 256 * mib },
  ...{ requestTimeoutMs: 30_000, sendTimeoutMs: 30_000, callTimeoutMs: 600_000 },
  ...{
    maxConnections: 1000,
    maxStreams: 1000,
    tcpKeepAliveMs: 30_000,
    keepAliveMs: 60_000,
    keepAliveTimeoutMs: 20_000,
  },
};

/** What a test has opened. */
export const closers: (() => unknown)[] = [];
/** At the end of the tests. */
export async function close(): Promise<void> {
  for (const one of closers.reverse()) await one();
}

export async function start(given: Partial<GrpcSettings> = {}) {
  const settings = { ...defaults, ...given };
  const coordinator = new RecordingCoordinator();
  const observed: string[] = [];
  const identity = serverIdentity('grpc.tls', settings.tls);
  const port = new GrpcPort(settings);
  const { port: number } = await port.listen();
  const server = new GrpcServer({
    ...{ coordinator, settings, port, identity, httpUrl: 'http://127.0.0.1:36789' },
    observer: {
      route: (transport, api) => (isFine) => observed.push(`${transport} ${api} ${isFine ? 'ok' : 'fail'}`),
      unknownFields: (transport, api, names) => observed.push(`${transport} ${api} unknown: ${names.join()}`),
      answered: () => undefined,
      broke: (route, error) => observed.push(`broke ${route} ${error}`),
    },
  });
  closers.push(() => server.close(0));
  return { coordinator, server, observed, address: `localhost:${number}`, number };
}

/** The coordinator answers when it is released. */
export function held(coordinator: RecordingCoordinator): { readonly release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  coordinator.gate = promise;
  return { release: resolve };
}
