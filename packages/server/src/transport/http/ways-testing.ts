import { afterEach, test } from 'node:test';
import { type Started, start, ways } from './testing.ts';

/** What the tests of a file share: servers that are closed behind each test, and a name for each way in. */
export interface BothWays {
  /** What stands before each path: it decides which way in the requests of the running test take. Else: the lane. */
  readonly root: string;
  /** A test for each way in. */
  both(name: string, run: () => Promise<void>): void;
  /** A server that is closed behind the test, also if that failed, so that the next one runs. */
  start(...given: Parameters<typeof start>): Promise<Started>;
}

/** Called once by a test file. */
export function testsOfBothWays(): BothWays {
  const started: Started[] = [];
  let root = '';
  afterEach(async () => {
    root = '';
    await Promise.all(started.splice(0).map(({ server }) => server.close(0)));
  });
  return {
    get root() {
      return root;
    },
    both(name, run) {
      for (const { way, root: before } of ways) {
        test(`${name} (${way})`, () => {
          root = before;
          return run();
        });
      }
    },
    async start(...given) {
      const one = await start(...given);
      started.push(one);
      return one;
    },
  };
}
