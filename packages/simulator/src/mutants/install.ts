import { registerHooks } from 'node:module';
import { type Mutant, mutants } from './catalogue.ts';

const packages = new URL('../../../', import.meta.url);

/**
 * Replaces the mutant's text in its source file as it is loaded from now on; the file itself is not touched.
 * @throws Error where the name is unknown, or the text does not occur exactly once
 */
export function installMutant(name: string): Mutant {
  const mutant = mutants.find((known) => known.name === name);
  if (mutant === undefined) {
    throw new Error(`no mutant is called ${name}; there are: ${mutants.map((known) => known.name).join(', ')}`);
  }
  const url = new URL(mutant.file, packages).href;
  registerHooks({
    load(loaded, context, nextLoad) {
      const result = nextLoad(loaded, context);
      if (loaded !== url) return result;
      const source =
        typeof result.source === 'string' ? result.source : new TextDecoder().decode(result.source ?? undefined);
      return { ...result, source: mutated(source, mutant) };
    },
  });
  return mutant;
}

/** The source with the mutant in it. */
export function mutated(source: string, { name, file, find, replace }: Mutant): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(`mutant ${name} is stale: its text occurs ${parts.length - 1} times in ${file}, not once`);
  }
  return parts.join(replace);
}
