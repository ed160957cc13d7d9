import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type SharedKind, serverOf, startServer } from '../../test/lib/test-store.ts';
import { recordOf } from './numbered.ts';
import { type EndedTests, root, runTests, testFiles } from './part.ts';

/** Where the tests end to end run once more. */
export interface OnStore {
  readonly kind: SharedKind;
  /** Coordinators; each request goes to any of them. */
  readonly nodes: number;
}

const kinds = { postgres: 'PostgreSQL', mysql: 'MariaDB' } as const;

export function nameOf({ kind, nodes }: OnStore): string {
  return `end to end on ${kinds[kind]} with ${nodes === 1 ? 'one coordinator' : `${nodes} coordinators`}`;
}

/** Test files whose world is on the store that the run names: all others choose their stores themselves. */
export function filesOnAnyStore(): string[] {
  return testFiles(['test/e2e/*.test.ts', 'test/interop/replays/*.test.ts']).filter((file) =>
    /from '[./a-z0-9]*\/world\.ts'/.test(readFileSync(join(root, file), 'utf8')),
  );
}

/** The SDKs and the example, whose coordinators are on that store as well: too slow to be run again by `npm test`. */
export function programsOnAnyStore(): string[] {
  return testFiles(['test/interop/{go,java,python}/*.test.ts', 'examples/*/*.test.ts']).filter((file) =>
    /\/(reached|test-store|world)\.ts'/.test(readFileSync(join(root, file), 'utf8')),
  );
}

/** Runs test files on one server that is started for all of them. */
export async function runOnStore(
  name: string,
  { kind, nodes }: OnStore,
  limitSeconds: number,
  files: readonly string[],
): Promise<EndedTests> {
  const programs = serverOf(kind);
  if ('missing' in programs) {
    console.log(`skipped ${name}: ${programs.missing}`);
    // What an earlier run has proved is not proved by this one.
    rmSync(recordOf(name), { force: true });
    return { name, code: 0, output: 'ℹ skipped 1', seconds: {} };
  }
  const server = await startServer(kind);
  try {
    return await runTests(name, limitSeconds, files, {
      HOLDFAST_TEST_STORE: kind,
      HOLDFAST_TEST_NODES: String(nodes),
      HOLDFAST_TEST_SERVER: String(server.port),
    });
  } finally {
    await server.stop();
  }
}
