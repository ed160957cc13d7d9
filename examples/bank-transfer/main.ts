/** `npm run example:bank-transfer`: two banks, a coordinator, and what happens to money when processes die. */
import { AssertionError } from 'node:assert';
import { Narrator, seconds } from './narrator.ts';
import { Story } from './story.ts';
import { World } from './world.ts';

const tell = new Narrator();
const startedMs = performance.now();
const world = await World.create();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void world.close().finally(() => process.exit(130)));
}

try {
  console.log('Two banks, North and South, each a process with a database of its own, and Holdfast between them.');
  await world.start();
  tell.aside(
    `Processes: Holdfast ${world.coordinator.pid}, North ${world.north.child.pid}, South ${world.south.child.pid}.`,
  );
  await new Story(world, tell).run();
  tell.end(`Money is conserved: 200 at the start, 200 at the end, in ${seconds(performance.now() - startedMs)}.`);
} catch (error) {
  const text = error instanceof AssertionError ? error.message : String(error);
  console.error(`\nThe story went wrong: ${text}\n\n${world.outputs()}`);
  process.exitCode = 1;
} finally {
  await world.close();
}
