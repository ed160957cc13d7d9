import { allRoutes } from '../../../packages/server/src/transport/http/all-routes.ts';
import { Intake } from '../../../packages/server/src/transport/http/intake.ts';
import { NodeWay } from '../../../packages/server/src/transport/http/node/node-way.ts';
import type { HttpParts } from '../../../packages/server/src/transport/http/parts.ts';
import { httpDefaults } from '../../../packages/server/src/transport/http/settings.ts';
import { RecordingCoordinator } from '../../../packages/server/src/transport/http/testing.ts';
import { addressOf, listenOn } from '../../../packages/server/src/transport/listen.ts';

/** A server without the lane: node:http reads all of its requests. */
export async function startWithoutLane(of: HttpParts) {
  const coordinator = new RecordingCoordinator();
  const intake = new Intake(httpDefaults, of.observer, coordinator.longTurns);
  const node = new NodeWay(allRoutes({ ...of, coordinator }, intake), intake, (socket) => node.takeOver(socket));
  await listenOn(node.server, { host: '127.0.0.1', port: 0 });
  const close = async () => {
    const closed = new Promise((resolve) => node.server.close(resolve));
    node.server.closeAllConnections();
    await closed;
  };
  return { coordinator, port: addressOf(node.server).port, close };
}
