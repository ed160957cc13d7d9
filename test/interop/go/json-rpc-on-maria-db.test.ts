import { describeDelay, describeMessages } from './patterns/messages.ts';
import { describeSagas } from './patterns/sagas.ts';
import { describeTccs } from './patterns/tccs.ts';
import { describeWorld } from './world.ts';

// The SDK has no workflows over JSON-RPC, and its nested TCC and XA go to the wrong address.
describeWorld('json-rpc', 'mysql', (world) => {
  describeSagas(world);
  describeTccs(world, ['tcc']);
  describeMessages(world);
  describeDelay(world);
});
