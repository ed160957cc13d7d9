/** The process that begins transactions and whose services are called. One process, so that both cost one core little. */
import { serveCommands } from '../child.ts';
import { type Numbers, pick } from '../numbers.ts';
import { Generator } from './generator.ts';
import { kinds, stepsOf, stepsWithoutWait } from './kinds.ts';
import { loadCommands } from './load-commands.ts';
import { BranchServices } from './services.ts';
import { Waiters } from './waiters.ts';

/** The first of several coordinators, and the others where there are any. */
function portsOf(input: Numbers): number[] {
  const { coordinatorPort } = pick(input, ['coordinatorPort']);
  return [coordinatorPort, input['coordinatorPort2'] ?? 0, input['coordinatorPort3'] ?? 0].filter((port) => port > 0);
}

const services = new BranchServices();
const servicesPort = await services.listen();
const waiters = new Waiters();

serveCommands(
  {
    ...loadCommands(services, async (input) => {
      const { inFlight, kind, wait } = pick(input, ['inFlight', 'kind', 'wait']);
      const coordinatorPorts = portsOf(input);
      // Nobody has a connection to a port that was not there before.
      const port = input['newPort'] === 1 ? await services.listen() : servicesPort;
      const steps = wait === 1 ? stepsOf(kinds[kind] ?? 'saga', port) : stepsWithoutWait(port);
      return new Generator({ coordinatorPorts, servicesPort: port, inFlight, steps });
    }),
    /** How far the services have been called, for what is not submitted by this process. */
    calls: () => ({
      timeMs: performance.timeOrigin + performance.now(),
      ended: services.ended,
      calls: services.forward + services.backward,
      firstCallMs: services.firstCallMs,
    }),
    forgetFirstCall: () => {
      services.forgetFirstCall();
      return {};
    },
    openWaiters: async (input) => {
      const { coordinatorPort, count } = pick(input, ['coordinatorPort', 'count']);
      await waiters.open(coordinatorPort, count);
      return {};
    },
  },
  { servicesPort },
);
