/** The process that submits sagas and whose services are called by them. One process, so that both cost one core little. */
import { serveCommands } from './child.ts';
import { Generator } from './generator.ts';
import { loadCommands } from './load-commands.ts';
import { pick } from './numbers.ts';
import { BranchServices } from './services.ts';

const services = new BranchServices();
const servicesPort = await services.listen();

serveCommands(
  {
    ...loadCommands(services, (input) => {
      const { coordinatorPort, inFlight, wait } = pick(input, ['coordinatorPort', 'inFlight', 'wait']);
      return new Generator({ coordinatorPort, servicesPort, inFlight, wait: wait === 1 });
    }),
    /** How far the services have been called, for what is not submitted by this process. */
    calls: () => ({
      timeMs: performance.timeOrigin + performance.now(),
      ended: services.ended,
      calls: services.actions + services.others,
      firstCallMs: services.firstCallMs,
    }),
    forgetFirstCall: () => {
      services.forgetFirstCall();
      return {};
    },
  },
  { servicesPort },
);
