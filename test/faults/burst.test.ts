import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Generator } from '../../bench/load/generator.ts';
import { callsOf, type Kind, kinds, stepsOf } from '../../bench/load/kinds.ts';
import { BranchServices } from '../../bench/load/services.ts';
import { startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';

/** More than one origin may have in flight, so that some calls wait for others. */
const clients = 600;

/** One transaction of each client, all begun at once on new connections, whose services nobody has called yet. */
async function burst(t: TestContext, coordinatorUrl: string, kind: Kind) {
  const services = new BranchServices();
  t.after(() => services.close());
  const servicesPort = await services.listen();
  const coordinatorPorts = [Number(new URL(coordinatorUrl).port)];
  const steps = stepsOf(kind, servicesPort);
  const generator = new Generator({ coordinatorPorts, servicesPort, inFlight: clients, steps });
  generator.start();
  // They begin nothing else, and end what they have begun.
  await generator.stop();
  return { ended: generator.count, forward: services.forward, backward: services.backward };
}

// The bench says how long it takes. What would make some of them take seconds is that a call finds no room and comes
// back later, or that it fails and is tried again: that must not be.
test(`where ${clients} clients begin at once, every branch is called once and no call is put off`, async (t) => {
  const coordinator = await startCoordinator();
  t.after(() => coordinator.stop());
  for (const kind of kinds) {
    const found = await burst(t, coordinator.url, kind);
    assert.deepEqual(found, { ended: clients, forward: clients * callsOf[kind], backward: 0 }, kind);
  }
  const metrics = (await new HttpCaller(coordinator.url).get('/api/metrics')).text;
  assert.match(metrics, /^holdfast_destinations_refused_total 0$/m);
});
