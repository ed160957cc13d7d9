import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SharedKind, serverOf, startServer } from '../../test/lib/test-store.ts';
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

/** Runs them on one server that is started for all of them. */
export async function runOnStore(
  where: OnStore,
  limitSeconds: number,
  env: Readonly<Record<string, string>> = {},
): Promise<EndedTests> {
  const name = nameOf(where);
  const programs = serverOf(where.kind);
  if ('missing' in programs) {
    console.log(`skipped ${name}: ${programs.missing}`);
    return { name, code: 0, output: 'ℹ skipped 1', seconds: {} };
  }
  const server = await startServer(where.kind);
  try {
    const settings = {
      HOLDFAST_TEST_STORE: where.kind,
      HOLDFAST_TEST_NODES: String(where.nodes),
      HOLDFAST_TEST_SERVER: String(server.port),
    };
    return await runTests(name, limitSeconds, filesOnAnyStore(), { ...settings, ...env });
  } finally {
    await server.stop();
  }
}
