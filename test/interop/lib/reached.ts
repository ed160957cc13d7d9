import { startManual } from '../../e2e/world.ts';
import { startBalancer } from '../../lib/balancer.ts';
import { type Coordinator, startCoordinator } from '../../lib/coordinator.ts';
import { newPlace, type StorePlace, testStore } from '../../lib/test-store.ts';

/** What an SDK is told of coordinators: one address. */
export interface Reached {
  readonly url: string;
  readonly grpcAddress: string;
  stop(): Promise<void>;
}

/** Coordinators on the manual clock, on the store of the run. */
export async function reachManual(): Promise<Reached> {
  const { coordinator, place } = await startManual();
  return reached([coordinator], place);
}

/** The same on the time of the machine: each is a process of its own. */
export async function reachServing(settings: Readonly<Record<string, string>>): Promise<Reached> {
  const { kind, nodes } = testStore();
  const place = kind === 'sqlite' ? undefined : await newPlace(kind);
  const coordinators: Coordinator[] = [];
  for (let node = 0; node < nodes; node += 1) {
    coordinators.push(await startCoordinator({ settings: { ...place?.settings, ...settings } }));
  }
  return reached(coordinators, place);
}

async function reached(coordinators: readonly Coordinator[], place: StorePlace | undefined): Promise<Reached> {
  const urls = coordinators.flatMap((one) => one.urls);
  const grpcAddresses = coordinators.flatMap((one) => one.grpcAddresses);
  const balancer = urls.length === 1 ? undefined : await startBalancer(urls, grpcAddresses);
  const { url, grpcAddress } = balancer ?? { url: urls[0] ?? '', grpcAddress: grpcAddresses[0] ?? '' };
  return {
    url,
    grpcAddress,
    stop: async () => {
      await balancer?.stop();
      await Promise.all(coordinators.map((one) => one.stop()));
      await place?.leave();
    },
  };
}
