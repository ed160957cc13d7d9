/**
 * Coordinators of one process on one shared store, with one clock that is moved by hand: `holdfast dev` has one, on the
 * embedded store. Called by `Coordinator` as `dev-nodes.ts HTTP_PORT:GRPC_PORT...`; settings come by variable.
 */
import { loadSettings } from '../../packages/server/src/config/load.ts';
import { ManualDevelopment } from '../../packages/server/src/dev/development.ts';
import { logSettings, type Running, serve } from '../../packages/server/src/main.ts';
import { createLog } from '../../packages/server/src/observe/log.ts';
import { systemRuntime } from '../../packages/server/src/runtime.ts';

const loaded = loadSettings({ environment: process.env });
const development = new ManualDevelopment({ machine: systemRuntime, callWaitMs: loaded.dev.callWaitMs });
const log = createLog(logSettings(loaded));

function start(ports: string): Promise<Running> {
  const [http = 0, grpc = 0] = ports.split(':').map(Number);
  const settings = {
    ...loaded,
    // As `holdfast dev`: nothing waits for time to pass before it is written.
    flushDelayMs: 0,
    http: { ...loaded.http, port: http },
    grpc: { ...loaded.grpc, port: grpc },
  };
  return serve(settings, { log, development, fatal: () => process.exit(1), say: (line) => console.log(line) });
}

const [first = '', ...others] = process.argv.slice(2);
// The first one creates the tables.
const running = [await start(first), ...(await Promise.all(others.map(start)))];
process.once('SIGTERM', () => {
  Promise.all(running.map((one) => one.stop())).then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
