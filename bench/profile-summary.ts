import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sampleEveryUs } from './profile.ts';
import { table } from './table.ts';

/** Of a .cpuprofile, what is read here. */
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Place {
  readonly part: string;
  readonly functionName: string;
  readonly parent: Place | undefined;
}

const root = join(import.meta.dirname, '..');
const functionsShown = 40;
/**
 * What a sample counts at most: three times as long as they are apart. A thread that waits for a processor has no
 * samples meanwhile, and the next one would count for all of that time.
 */
const mostUs = 3 * sampleEveryUs;
/** What a runtime does for somebody: counted for the part that called it, where there is one. */
const lent: ReadonlySet<string> = new Set(['node', 'native', 'fastify', 'find-my-way']);

/**
 * Where the event loop spent its busy time: by part, what it did itself and what node did for it; then by function,
 * what it did itself.
 */
export function summarize(path: string): string {
  const profile: Profile = JSON.parse(readFileSync(path, 'utf8'));
  const places = placesOf(profile);
  const own = new Map<string, number>();
  const withLent = new Map<string, number>();
  const functions = new Map<string, number>();
  let busyUs = 0;
  profile.samples.forEach((id, index) => {
    const place = places.get(id);
    if (place === undefined || place.part === '(idle)' || place.part === 'profiler') return;
    const tookUs = Math.min(profile.timeDeltas[index] ?? 0, mostUs);
    busyUs += tookUs;
    addTo(own, place.part, tookUs);
    addTo(withLent, ownerOf(place).part, tookUs);
    addTo(functions, place.functionName, tookUs);
  });
  const share = (tookUs = 0) => `${((tookUs / busyUs) * 100).toFixed(1)}%`;
  const parts = descending(withLent).map(([part, tookUs]) => [part, '', share(tookUs), share(own.get(part))]);
  const most = descending(functions)
    .slice(0, functionsShown)
    .map(([name, tookUs]) => [name, '', share(tookUs)]);
  return `${table([['part', '', 'share', 'itself'], ...parts])}\n\n${table([['function', '', 'itself'], ...most])}`;
}

function placesOf({ nodes }: Profile): Map<number, Place> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const places = new Map<number, Place>();
  const add = (node: ProfileNode, parent: Place | undefined) => {
    const { functionName, url, lineNumber } = node.callFrame;
    const file = shortened(url);
    const name = `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
    const place = { part: partOf(file, functionName), functionName: name, parent };
    places.set(node.id, place);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) add(child, place);
    }
  };
  const [first] = nodes;
  if (first !== undefined) add(first, undefined);
  return places;
}

function ownerOf(place: Place): Place {
  for (let owner: Place | undefined = place; owner !== undefined; owner = owner.parent) {
    if (!lent.has(owner.part) && owner.part !== '(root)') return owner;
  }
  return place;
}

function descending(sums: ReadonlyMap<string, number>): [string, number][] {
  return [...sums].sort(([, one], [, other]) => other - one);
}

function addTo(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

/** Relative to the project. */
function shortened(url: string): string {
  if (!url.startsWith('file:')) return url;
  const path = fileURLToPath(url);
  return path.startsWith(root) ? path.slice(root.length + 1) : path;
}

function partOf(file: string, functionName: string): string {
  if (file === '') return functionName.startsWith('(') ? functionName : 'native';
  if (file === 'node:inspector') return 'profiler';
  if (file.startsWith('node:') || file.startsWith('wasm:')) return 'node';
  const ours = /^packages\/(?:server\/src\/([^/]+)|([^/]+))/.exec(file);
  if (ours !== null) return ours[1] ?? ours[2] ?? file;
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file;
}
