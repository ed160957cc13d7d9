import { after, before } from 'node:test';
import { credentials } from '@grpc/grpc-js';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { Random, seedOfRun } from '../lib/random.ts';
import { newPlace, type StorePlace, type TestStore, testStore } from '../lib/test-store.ts';
import { DtmClient } from './dtm-client.ts';
import { GrpcClient } from './grpc-client.ts';
import { ManualClock } from './manual-clock.ts';
import { ScriptedService } from './scripted-service.ts';

interface World {
  /** One process; of several coordinators in it, where the run has them. */
  readonly coordinator: Coordinator;
  /** Each request goes to any of them. */
  readonly client: DtmClient;
  /** Each request goes to the same one: for what each knows of itself alone, as which calls it has out and which breakers are open. */
  readonly one: DtmClient;
  /** One for all. */
  readonly clock: ManualClock;
  readonly service: ScriptedService;
  /** The same API over gRPC; connected by its first call. */
  readonly grpc: GrpcClient;
  /** Each coordinator knows of this transaction what is stored now. By itself it would within a second of real time. */
  heard(gid: string): Promise<void>;
  /** What a metric counts in all of them together. @param name with its labels */
  counted(name: string): Promise<number>;
  stop(): Promise<void>;
}

/**
 * A coordinator on the manual clock, a client and a branch server for the tests of one file, on the store of the run.
 * @param settings of the coordinator, by variable
 */
export function world(settings: SettingsFor = () => ({})): () => World {
  let made: World | undefined;
  before(async () => {
    made = await makeWorld(settings);
  });
  after(() => made?.stop());
  return () => {
    if (made === undefined) throw new Error('the world is made before the tests run');
    return made;
  };
}

type SettingsFor = (service: ScriptedService) => Readonly<Record<string, string>>;

async function makeWorld(settings: SettingsFor): Promise<World> {
  const service = new ScriptedService();
  await service.start();
  const { coordinator, place } = await startManual(settings(service));
  const choose = chooser(testStore());
  const client = new DtmClient(() => choose(coordinator.urls) ?? '');
  const one = new DtmClient(coordinator.url);
  const grpc = new GrpcClient(coordinator.grpcAddresses, credentials.createInsecure(), {}, choose);
  const clock = new ManualClock(client.http);
  const stop = async () => {
    client.close();
    one.close();
    grpc.close();
    await coordinator.stop();
    await place?.leave();
    await service.stop();
  };
  const counted = async (name: string) => {
    const texts = await Promise.all(coordinator.urls.map(async (url) => (await fetch(`${url}/api/metrics`)).text()));
    return texts
      .flatMap((text) => text.split('\n'))
      .reduce((sum, line) => {
        return line.startsWith(`${name} `) ? sum + Number(line.slice(name.length + 1)) : sum;
      }, 0);
  };
  const heard = async (gid: string) => {
    const path = `/api/v1/transactions/${encodeURIComponent(gid)}`;
    // Who drives it and knows less than what is stored looks again before it answers.
    if (coordinator.urls.length > 1)
      await Promise.all(coordinator.urls.map(async (url) => (await fetch(url + path)).text()));
  };
  return { coordinator, service, client, one, grpc, clock, heard, counted, stop };
}

/** Coordinators on the manual clock and on the store of the run. */
export async function startManual(
  settings: Readonly<Record<string, string>> = {},
): Promise<{ coordinator: Coordinator; place?: StorePlace }> {
  const { kind, nodes } = testStore();
  if (kind === 'sqlite') return { coordinator: await startCoordinator({ command: 'dev', settings }) };
  const place = await newPlace(kind);
  return { coordinator: await startCoordinator({ nodes, settings: { ...place.settings, ...settings } }), place };
}

function chooser({ nodes }: TestStore): <Choice>(choices: readonly Choice[]) => Choice | undefined {
  if (nodes === 1) return ([first]) => first;
  const seed = seedOfRun();
  console.log(`HOLDFAST_TEST_SEED=${seed}`);
  const random = new Random(seed);
  return (choices) => choices[random.whole(0, choices.length - 1)];
}
