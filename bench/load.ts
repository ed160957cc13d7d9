/** The process that submits sagas and whose services are called by them. One process, so that both cost one core little. */
import { cpuUs, serveCommands } from './child.ts';
import { Generator } from './generator.ts';
import { pick } from './numbers.ts';
import { BranchServices } from './services.ts';

const services = new BranchServices();
const servicesPort = await services.listen();
let generator: Generator | undefined;

function running(): Generator {
  if (generator === undefined) throw new Error('no load was started');
  return generator;
}

serveCommands(
  {
    start: (input) => {
      const { coordinatorPort, inFlight, wait } = pick(input, ['coordinatorPort', 'inFlight', 'wait']);
      generator = new Generator({ coordinatorPort, servicesPort, inFlight, wait: wait === 1 });
      generator.start();
      return {};
    },
    sample: () => {
      const { acknowledged, final } = running().takeLatencies();
      return {
        timeMs: performance.now(),
        sagas: running().count,
        actions: services.actions,
        otherCalls: services.others,
        cpuUs: cpuUs(),
        acknowledgedP50Ms: acknowledged.p50Ms,
        acknowledgedP99Ms: acknowledged.p99Ms,
        finalP50Ms: final.p50Ms,
        finalP99Ms: final.p99Ms,
      };
    },
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
    stop: async () => {
      await running().stop();
      return {};
    },
  },
  { servicesPort },
);
