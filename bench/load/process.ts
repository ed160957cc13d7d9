/** The process that begins transactions and whose services are called. One process, so that both cost one core little. */
import { serveCommands } from '../child.ts';
import { pick } from '../numbers.ts';
import { Generator } from './generator.ts';
import { kinds, stepsOf, stepsWithoutWait } from './kinds.ts';
import { loadCommands } from './load-commands.ts';
import { BranchServices } from './services.ts';
import { Waiters } from './waiters.ts';

const services = new BranchServices();
const servicesPort = await services.listen();
const waiters = new Waiters();

serveCommands(
  {
    ...loadCommands(services, async (input) => {
      const { coordinatorPort, inFlight, kind, wait } = pick(input, ['coordinatorPort', 'inFlight', 'kind', 'wait']);
      // Nobody has a connection to a port that was not there before.
      const port = input['newPort'] === 1 ? await services.listen() : servicesPort;
      const steps = wait === 1 ? stepsOf(kinds[kind] ?? 'saga', port) : stepsWithoutWait(port);
      return new Generator({ coordinatorPort, servicesPort: port, inFlight, steps });
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
