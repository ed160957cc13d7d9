import { describeDelay, describeMessages, describeTopics } from './patterns/messages.ts';
import { describeSagas } from './patterns/sagas.ts';
import { describeTccs } from './patterns/tccs.ts';
import { describeWorkflows } from './patterns/workflows.ts';
import { describeXas } from './patterns/xas.ts';
import { describeWorld } from './world.ts';

describeWorld('http', 'postgres', (world) => {
  describeSagas(world);
  describeTccs(world);
  describeMessages(world);
  describeDelay(world);
  describeTopics(world);
  describeXas(world);
  describeWorkflows(world);
});
