import type { Socket } from 'node:net';
import { DestinationCaller } from '../caller/destinations/destination-caller.ts';
import { Dialer } from '../caller/dial/dialer.ts';
import { HttpSender } from '../caller/http/http-sender.ts';
import type { Settings } from '../config/schema.ts';
import { Engine } from '../engine/engine.ts';
import { lookupsOf, namingOf } from '../naming.ts';
import type { Log } from '../observe/log.ts';
import { Metrics } from '../observe/metrics.ts';
import { Observer } from '../observe/observer.ts';
import { timedStore } from '../observe/timed-store.ts';
import { callLimitsOf, engineSettingsOf, httpSettingsOf } from '../parts.ts';
import { systemRuntime } from '../runtime.ts';
import { allRoutes } from '../transport/http/all-routes.ts';
import { Intake } from '../transport/http/intake.ts';
import { Lane } from '../transport/http/lane/lane.ts';
import { ForgetfulStore } from './forgetful-store.ts';
import { connectPairs, destroyAll, Service } from './loopback.ts';
import { requestsOf } from './transactions.ts';

export interface WarmUpLimits {
  /** Transactions, of all kinds together. */
  readonly transactions: number;
  /** At once: few, so that little memory is taken, and that whoever comes meanwhile has nearly all of the processor. */
  readonly inFlight: number;
  readonly limitMs: number;
}

/** V8 compiles a function at its first call, and notes types from its eighth one: more gain little for what they cost. */
export const warmUpLimits: WarmUpLimits = { transactions: 60, inFlight: 4, limitMs: 3000 };

const silent: Log = {
  isDebug: false,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  lostLines: 0,
};

/**
 * Runs the code of a transaction from socket to socket, so that it is compiled before a client waits for it: a
 * coordinator that stores nothing takes transactions over the loopback interface and calls a service there. It shares
 * code with the one that serves, and nothing else: neither store nor metrics nor log.
 * @param isWanted asked before each transaction; false: it ends
 * @returns how many transactions it began
 * @throws Error where it cannot be done, such as on a machine without a loopback interface; nothing stays open
 */
export async function warmUp(
  settings: Settings,
  isWanted: () => boolean,
  { transactions, inFlight, limitMs }: WarmUpLimits = warmUpLimits,
): Promise<number> {
  const signal = AbortSignal.timeout(limitMs);
  const service = new Service();
  const coordinator = new ThrownAway(settings);
  const sockets: Socket[] = [];
  try {
    await coordinator.start();
    const servicePort = await service.listen();
    const { clients, accepted } = await connectPairs(inFlight, signal);
    sockets.push(...clients, ...accepted);
    for (const socket of accepted) coordinator.serve(socket);
    signal.addEventListener('abort', () => destroyAll(clients));
    let begun = 0;
    const next = () => (begun < transactions && !signal.aborted && isWanted() ? begun++ : undefined);
    await Promise.all(clients.map((client) => ask(client, next, servicePort)));
    return begun;
  } finally {
    destroyAll(sockets);
    service.close();
    await coordinator.end();
  }
}

/** One client: its transactions one after the other. Resolves once there is none left, and where its connection is closed. */
function ask(client: Socket, next: () => number | undefined, servicePort: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let requests: readonly string[] = [];
    let sent = 0;
    const go = () => {
      if (sent === requests.length) {
        const number = next();
        if (number === undefined) {
          resolve();
          return;
        }
        requests = requestsOf(number, servicePort);
        sent = 0;
      }
      client.write(requests[sent++] ?? '', 'latin1');
    };
    client.on('data', (answer) => {
      const text = answer.toString('latin1');
      if (text.startsWith('HTTP/1.1 200')) go();
      else reject(new Error(`a request of the warm-up was answered with ${text}`));
    });
    client.on('close', () => resolve());
    go();
  });
}

/** A coordinator that nobody but this process can reach, without a store. */
class ThrownAway {
  readonly #engine: Engine;
  readonly #lane: Lane;
  readonly #sender: HttpSender;

  constructor(settings: Settings) {
    const runtime = systemRuntime;
    const version = '';
    const metrics = new Metrics({ version, coordinator: '', ...settings.metrics });
    const observer = new Observer({ metrics, log: silent, fatal: () => undefined });
    const lookups = lookupsOf(settings, metrics, () => undefined);
    const dialer = new Dialer({ upkeep: runtime, hosts: lookups.hosts });
    this.#sender = new HttpSender({ runtime, upkeep: runtime, dialer, limits: settings.calls, version });
    const limits = callLimitsOf(settings);
    const caller = new DestinationCaller({ sender: this.#sender, runtime, limits, events: observer });
    this.#engine = new Engine({
      store: timedStore(new ForgetfulStore(), (...told) => metrics.storeOperated(...told)),
      node: { name: '', version },
      ...namingOf(settings, lookups, caller, runtime),
      destinations: caller,
      runtime,
      settings: engineSettingsOf(settings),
      events: observer,
    });
    const coordinator = this.#engine;
    const intake = new Intake(httpSettingsOf(settings), observer, coordinator.longTurns);
    const parts = { coordinator, settings: intake.settings, version, observer };
    const routes = allRoutes({ ...parts, exposition: () => metrics.exposition() }, intake);
    // What is no request of the lane is not sent here.
    this.#lane = new Lane(routes, intake, (socket) => socket.destroy());
  }

  start(): Promise<void> {
    return this.#engine.start();
  }

  serve(socket: Socket): void {
    this.#lane.accept(socket);
    socket.resume();
  }

  async end(): Promise<void> {
    await this.#engine.stop(0);
    this.#lane.close();
    void this.#sender.close();
  }
}
