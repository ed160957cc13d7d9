/**
 * What stands for `node:test` in a mutation run: it keeps the tests of the files that are imported, so that one process
 * can run them again for one mutant after another.
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface TestContext {
  readonly name: string;
  diagnostic(message: string): void;
}

type Body = (context: TestContext) => unknown;

export interface KeptTest {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly body: Body;
}

const kept: KeptTest[] = [];
let file = '';

/** Imports a file, anew where the query is, and gives its tests in the order in which they are written. */
export async function testsIn(url: string, query: string): Promise<KeptTest[]> {
  kept.length = 0;
  file = fileURLToPath(url);
  await import(`${url}${query}`);
  return [...kept];
}

export function test(name: string, ...rest: readonly unknown[]): void {
  const body = rest.find((value): value is Body => typeof value === 'function');
  if (body === undefined || rest.length > 1)
    throw new Error(`${file}: ${name}: a mutation run knows test(name, body) alone`);
  const id = `${relative(process.cwd(), file)}: ${name}`;
  if (kept.some((other) => other.id === id)) throw new Error(`${id}: two tests have this name`);
  kept.push({ id, name, file, body });
}
