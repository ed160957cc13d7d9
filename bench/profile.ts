import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import type { Kind } from './load/kinds.ts';

export const sampleEveryUs = 200;

export function profilePath(folder: string, kind: Kind, inFlight: number): string {
  return join(folder, `${kind}-${inFlight}-in-flight.cpuprofile`);
}

/** Profiles the process it lives in. */
export class Profiler {
  readonly #session = new Session();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: sampleEveryUs });
    await this.#session.post('Profiler.start');
  }

  async stop(folder: string, kind: Kind, inFlight: number): Promise<void> {
    const { profile } = await this.#session.post('Profiler.stop');
    this.#session.disconnect();
    mkdirSync(folder, { recursive: true });
    writeFileSync(profilePath(folder, kind, inFlight), JSON.stringify(profile));
  }
}
