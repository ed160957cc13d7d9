import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallResult } from '../../engine/ports.ts';
import { askedCall } from '../../engine/testing/calls.ts';
import { systemRuntime } from '../../runtime.ts';
import { DestinationCaller } from '../destinations/destination-caller.ts';
import { defaultDestinationLimits } from '../destinations/limits.ts';
import { grpcSender, grpcService, reply } from '../testing/grpc-services.ts';
import { callOf } from '../testing/services.ts';
import { Aliases } from './aliases.ts';
import { NamingCaller } from './naming-caller.ts';

test('one of three gRPC services dies: every call still succeeds, on real connections', async () => {
  const services = [];
  for (let index = 0; index < 3; index += 1) services.push(await grpcService(reply));
  const next = new DestinationCaller({
    sender: grpcSender,
    runtime: systemRuntime,
    limits: defaultDestinationLimits,
  });
  const aliases = new Aliases({ stock: services.map(({ port }) => `127.0.0.1:${port}`) });
  const caller = new NamingCaller({ next, runtime: systemRuntime, aliases, dns: aliases });
  const call = () =>
    new Promise<CallResult>((resolve) =>
      caller.call(askedCall(callOf('svc://stock/pkg.Service/Method', { protocol: 'grpc' }), resolve)),
    );
  for (let round = 0; round < 9; round += 1) {
    const result = await call();
    assert.ok(result.kind === 'answered' && result.outcome.kind === 'success', JSON.stringify(result));
  }
  assert.deepEqual(
    services.map(({ seen }) => seen.length),
    [3, 3, 3],
  );
  const [dead, ...alive] = services;
  await new Promise((resolve) => {
    dead?.server.close(resolve);
    // A farewell first, as a service that is stopped says it.
    for (const session of dead?.sessions ?? []) session.close();
  });
  for (let round = 0; round < 30; round += 1) {
    const result = await call();
    assert.ok(result.kind === 'answered' && result.outcome.kind === 'success', JSON.stringify(result));
  }
  assert.equal(
    alive.reduce((sum, { seen }) => sum + seen.length, 0),
    36,
  );
});
