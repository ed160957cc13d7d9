import { describe, it } from 'node:test';
import type { Toolchain } from '../../../scripts/lib/toolchains/install.ts';

type Found<T> = { readonly [K in keyof T]: T[K] extends Toolchain<infer U> ? U : never };

/**
 * Describes tests that need toolchains, four at a time unless told otherwise. Where one is missing, a single skipped test tells what to
 * install: unlike a skipped suite it is counted, and so fails in CI.
 */
export function describeWith<T extends Readonly<Record<string, Toolchain<unknown>>>>(
  name: string,
  toolchains: T,
  define: (found: Found<T>) => void,
  concurrency = 4,
): void {
  const all = Object.entries(toolchains);
  const missing = all.flatMap(([, toolchain]) => ('missing' in toolchain ? [toolchain.missing] : []));
  if (missing.length > 0) {
    it(name, { skip: missing.join('; ') });
    return;
  }
  const found = all.map(([key, toolchain]) => [key, 'found' in toolchain ? toolchain.found : undefined]);
  describe(name, { concurrency }, () => define(Object.fromEntries(found)));
}
