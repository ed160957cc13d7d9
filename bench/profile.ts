import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

const sampleEveryUs = 200;

export function profilePath(folder: string, inFlight: number): string {
  return join(folder, `${inFlight}-in-flight.cpuprofile`);
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

  async stop(folder: string, inFlight: number): Promise<void> {
    const { profile } = await this.#session.post('Profiler.stop');
    this.#session.disconnect();
    mkdirSync(folder, { recursive: true });
    writeFileSync(profilePath(folder, inFlight), JSON.stringify(profile));
  }
}
