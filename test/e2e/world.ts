import { after, before } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { DtmClient } from './dtm-client.ts';
import { GrpcClient } from './grpc-client.ts';
import { ManualClock } from './manual-clock.ts';
import { ScriptedService } from './scripted-service.ts';

interface World {
  readonly coordinator: Coordinator;
  readonly client: DtmClient;
  readonly clock: ManualClock;
  readonly service: ScriptedService;
  /** The same API over gRPC; connected by its first call. */
  readonly grpc: GrpcClient;
}

/** A coordinator on the manual clock, a client and a branch server for the tests of one file. */
export function world(): () => World {
  let made: World | undefined;
  before(async () => {
    const service = new ScriptedService();
    await service.start();
    const coordinator = await startCoordinator({ command: 'dev' });
    const client = new DtmClient(coordinator.url);
    const grpc = new GrpcClient(coordinator.grpcAddress);
    made = { coordinator, service, client, grpc, clock: new ManualClock(client.http) };
  });
  after(async () => {
    made?.client.close();
    made?.grpc.close();
    await made?.coordinator.stop();
    await made?.service.stop();
  });
  return () => {
    if (made === undefined) throw new Error('the world is made before the tests run');
    return made;
  };
}
