/** The process that submits sagas over gRPC, and whose services are called over gRPC. */
import { serveCommands } from '../child.ts';
import { loadCommands } from '../load/load-commands.ts';
import { pick } from '../numbers.ts';
import { GrpcGenerator } from './generator.ts';
import { GrpcServices } from './services.ts';

const services = new GrpcServices();
const servicesPort = await services.listen();

serveCommands(
  loadCommands(
    services,
    (input) => new GrpcGenerator({ ...pick(input, ['coordinatorPort', 'inFlight']), servicesPort }),
  ),
  { servicesPort },
);
