import { relative, sep } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { splitName } from './numbered.ts';

/** A reporter of `node --test`, which wants it as the default export: what became of each test whose name has numbers. */
export default async function* numberedTests(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, file = '', skip, todo } = event.data;
    const named = splitName(name);
    if (named === undefined) continue;
    const isSkipped = (skip ?? false) !== false || (todo ?? false) !== false;
    const outcome = event.type === 'test:fail' ? 'failed' : isSkipped ? 'skipped' : 'passed';
    yield `${JSON.stringify({ ...named, file: relative(process.cwd(), file).split(sep).join('/'), outcome })}\n`;
  }
}
