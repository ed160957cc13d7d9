import { after, before } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { DtmClient } from './dtm-client.ts';
import { ScriptedService } from './scripted-service.ts';

interface World {
  readonly coordinator: Coordinator;
  readonly client: DtmClient;
  readonly service: ScriptedService;
}

/** A started coordinator, a client and a branch server for the tests of one file. */
export function world(): () => World {
  let made: World | undefined;
  before(async () => {
    const service = new ScriptedService();
    await service.start();
    const coordinator = await startCoordinator();
    made = { coordinator, service, client: new DtmClient(coordinator.url) };
  });
  after(async () => {
    made?.client.close();
    await made?.coordinator.stop();
    await made?.service.stop();
  });
  return () => {
    if (made === undefined) throw new Error('the world is made before the tests run');
    return made;
  };
}
