import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CompiledCoordinator, installCompiled, wallMs } from '../compiled.ts';
import { Connection } from '../load/connection.ts';
import { patientSeconds, sagaBody, scattered } from '../load/kinds.ts';
import { pause } from '../slice.ts';
import { percentile } from '../statistics.ts';
import { createDatabase, startDatabase } from '../stores.ts';
import { LateServices } from './late-services.ts';
import type { TakeoverOptions } from './options.ts';

/** From the kill to the next call of each saga, in milliseconds. */
export interface Takeover {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface TakeoverResult {
  readonly database: string;
  readonly takeovers: readonly Takeover[];
}

const limitMs = 60_000;
const clients = 16;
/** Below what a coordinator calls at once at one address. */
const sagasPerService = 64;

/** Each time: two coordinators on one database, one of them has calls out and is killed, the other one goes on. */
export async function measureTakeovers(
  { store, sagas, repetitions }: TakeoverOptions,
  folder: string,
  progress: (text: string) => void,
): Promise<TakeoverResult> {
  progress('compiling');
  const cli = installCompiled(join(folder, 'installed', 'node_modules'));
  const database = await startDatabase(store);
  try {
    const takeovers: Takeover[] = [];
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      progress(`repetition ${repetition + 1} of ${repetitions}`);
      takeovers.push(await measureTakeover(cli, await createDatabase(database, `takeover${repetition}`), sagas));
    }
    return { database: database.name, takeovers };
  } finally {
    await database.server.stop();
  }
}

async function measureTakeover(cli: string, url: string, sagas: number): Promise<Takeover> {
  const services = new LateServices();
  const ports: number[] = [];
  for (let begun = 0; begun < sagas; begun += sagasPerService) ports.push(await services.listen());
  const dying = await CompiledCoordinator.start(cli, url);
  const other = await CompiledCoordinator.start(cli, url);
  try {
    await submitAll(dying.port, ports, sagas);
    await until('every saga was called', () => services.calledCount >= sagas);
    services.answer();
    await dying.end('SIGKILL');
    await until('every saga was called again', () => services.again.length >= sagas);
    const sorted = Float64Array.from(services.again).sort();
    return { p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99), maxMs: percentile(sorted, 1) };
  } finally {
    await dying.end('SIGKILL');
    await other.end('SIGKILL');
    services.close();
  }
}

async function submitAll(port: number, servicesPorts: readonly number[], sagas: number): Promise<void> {
  const prefix = randomUUID().slice(0, 8);
  let next = 0;
  const submit = async () => {
    const connection = new Connection(port);
    while (next < sagas) {
      const servicesPort = servicesPorts[Math.floor(next / sagasPerService)] ?? 0;
      const body = sagaBody(`${scattered(next)}${prefix}${next++}`, servicesPort, false, patientSeconds);
      const head = `POST /api/dtmsvr/submit HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
      const answered = await new Promise<string>((resolve) => {
        connection.ask(`${head}Content-Length: ${body.length}\r\n\r\n${body}`, (answer) => resolve(answer));
      });
      if (!answered.startsWith('HTTP/1.1 200')) throw new Error(`a submit was answered with ${answered}`);
    }
    connection.destroy();
  };
  await Promise.all(Array.from({ length: clients }, submit));
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const giveUpMs = wallMs() + limitMs; !holds(); await pause(0.02)) {
    if (wallMs() > giveUpMs) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
  }
}
