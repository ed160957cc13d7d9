import { describeMessages } from './patterns/messages.ts';
import { describeRedisBarriers } from './patterns/redis-barriers.ts';
import { describeWorld } from './world.ts';

describeWorld('http', 'redis', (world) => {
  describeRedisBarriers(world);
  describeMessages(world);
});
