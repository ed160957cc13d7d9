/** The shape of the system as a test: which layer may import which. Tests and test helpers may import anything. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '..');

interface Source {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly layer: string;
  /** The specifiers, types included. */
  readonly imports: readonly string[];
  readonly text: string;
}

/** A layer, what of ours it may import beside itself, and what the least number of its files is. */
interface Layer {
  readonly folder: string;
  readonly mayImport: readonly string[];
  /** Files of other layers that it may import: their interfaces. */
  readonly mayImportFiles?: readonly string[];
  readonly leastFiles: number;
}

const server = 'packages/server/src';
const caller = `${server}/caller`;
const store = `${server}/store/store.ts`;
const nodes = `${server}/store/nodes.ts`;
const capabilities = `${server}/store/capabilities.ts`;
const ports = `${server}/engine/ports.ts`;

const layers: Readonly<Record<string, Layer>> = {
  core: { folder: 'packages/core/src', mayImport: [], leastFiles: 10 },
  engine: {
    folder: `${server}/engine`,
    mayImport: ['core'],
    mayImportFiles: [store, nodes, capabilities],
    leastFiles: 5,
  },
  store: { folder: `${server}/store`, mayImport: ['core'], leastFiles: 2 },
  // Files of certificates and keys, for whoever listens or calls over TLS.
  tls: { folder: `${server}/tls`, mayImport: [], leastFiles: 3 },
  caller: { folder: `${server}/caller`, mayImport: ['core', 'tls'], mayImportFiles: [ports], leastFiles: 5 },
  transport: {
    folder: `${server}/transport`,
    mayImport: ['core', 'engine', 'tls'],
    mayImportFiles: [capabilities, store],
    leastFiles: 5,
  },
  // The manual clock stands around the engine's ports, and serves the routes of development.
  dev: {
    folder: `${server}/dev`,
    mayImport: ['core'],
    mayImportFiles: [store, ports, `${server}/engine/coordinator.ts`, `${server}/transport/http/routes/dev-routes.ts`],
    leastFiles: 5,
  },
  observe: {
    folder: `${server}/observe`,
    mayImport: ['core', 'engine', 'caller', 'transport', 'store', 'tls'],
    leastFiles: 1,
  },
  config: { folder: `${server}/config`, mayImport: ['core'], leastFiles: 5 },
  // Wiring: what stands directly in src, and the commands.
  wiring: {
    folder: server,
    mayImport: ['core', 'engine', 'store', 'tls', 'caller', 'transport', 'dev', 'observe', 'config'],
    leastFiles: 3,
  },
  simulator: {
    folder: 'packages/simulator/src',
    mayImport: ['core', 'engine', 'caller'],
    mayImportFiles: [store, nodes],
    leastFiles: 5,
  },
};

/** A room of the caller, and the files of it that anybody outside may import: its face, and its limits. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  destinations: ['destination-caller.ts', 'limits.ts'],
  http: ['http-sender.ts', 'limits.ts'],
  grpc: ['grpc-sender.ts', 'limits.ts'],
  naming: ['naming-caller.ts', 'limits.ts'],
  dial: ['dialer.ts', 'limits.ts'],
  http2: ['session.ts', 'hpack/encoder.ts'],
};

/** The parts of a running coordinator: wiring alone makes them. */
const parts = [
  'Engine',
  'SqliteStore',
  'PostgresStore',
  'MySqlStore',
  'DestinationCaller',
  'HttpSender',
  'GrpcSender',
  'BranchSender',
];
const constructed = new RegExp(`\\bnew (${parts.join('|')})\\(|\\bcreateHttpServer\\(\\{`);

const sources = readSources();

describe('layers', () => {
  it('sees the files of every layer, so that nothing below passes for want of files', () => {
    for (const [name, { leastFiles }] of Object.entries(layers)) {
      const count = of(name).length;
      assert.ok(count >= leastFiles, `${name}: ${count} files`);
    }
    assert.ok(sources.flatMap(({ imports }) => imports).length > 100);
  });

  it('each imports only what is below it', () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .filter((specifier) => !isAllowed(source.layer, pathOf(source, specifier)))
        .map((specifier) => `${source.path} imports ${specifier}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('no files import each other in a circle, types included', () => {
    const files = readFiles();
    assert.ok(files.size > 500, `${files.size} files`);
    const circles = circlesOf(files).map((circle) => circle.sort().join(', '));
    assert.deepEqual(circles, []);
  });

  it('finds a circle, of one file and of several', () => {
    const files = new Map([
      ['a', ['b', 'c']],
      ['b', ['c']],
      ['c', ['d']],
      ['d', ['b', 'e']],
      ['e', ['e']],
    ]);
    assert.deepEqual(
      circlesOf(files).map((circle) => circle.sort()),
      [['e'], ['b', 'c', 'd']],
    );
  });

  it('a room of the caller is entered through its face', () => {
    let count = 0;
    const wrong = sources.flatMap((source) =>
      source.imports.flatMap((specifier) => {
        const path = pathOf(source, specifier) ?? '';
        const room = roomOf(path);
        if (room === undefined || room === roomOf(source.path)) return [];
        count += 1;
        return rooms[room]?.includes(path.slice(`${caller}/${room}/`.length)) === true
          ? []
          : [`${source.path} imports ${specifier}`];
      }),
    );
    assert.deepEqual(wrong, []);
    assert.ok(count >= 5, `${count} imports of a face`);
  });

  it('the core imports nothing that is not ours, not even of Node', () => {
    const wrong = of('core').flatMap(({ path, imports }) =>
      imports.filter((specifier) => !specifier.startsWith('.')).map((specifier) => `${path}: ${specifier}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('the engine imports no package and nothing of Node: time, chance and I/O come through its ports', () => {
    const wrong = of('engine').flatMap(({ path, imports }) =>
      imports
        .filter((specifier) => !/^(\.|@holdfast\/core$)/.test(specifier))
        .map((specifier) => `${path}: ${specifier}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('core and engine read no clock, timer, chance or environment of the machine', () => {
    const machine =
      /\b(Date\.now|new Date\(\)|performance\.|setTimeout|setInterval|setImmediate|queueMicrotask|Math\.random|process\.|randomUUID|fetch\()/;
    const wrong = [...of('core'), ...of('engine')].flatMap(({ path, text }) => {
      const found = machine.exec(withoutComments(text));
      return found === null ? [] : [`${path}: ${found[0]}`];
    });
    assert.deepEqual(wrong, []);
  });

  it('only wiring constructs the parts', () => {
    const wrong = sources
      .filter(
        ({ layer, text }) => layer !== 'wiring' && layer !== 'simulator' && constructed.test(withoutComments(text)),
      )
      .map(({ path }) => path);
    assert.deepEqual(wrong, []);
    assert.ok(of('wiring').some(({ text }) => constructed.test(text)));
  });

  it('a third-party package is imported by one folder', () => {
    const folders = new Map<string, Set<string>>();
    for (const { path, layer, imports } of sources) {
      for (const specifier of imports) {
        if (specifier.startsWith('.') || isOurs(specifier) || isBuiltin(specifier)) continue;
        const name = packageOf(specifier);
        const folder = layer === 'wiring' ? dirname(path) : (layers[layer]?.folder ?? '');
        folders.set(name, (folders.get(name) ?? new Set()).add(folder));
      }
    }
    assert.ok(folders.size >= 4, [...folders.keys()].join(', '));
    const shared = [...folders].filter(([, where]) => where.size > 1);
    assert.deepEqual(
      shared.map(([name, where]) => `${name}: ${[...where].join(', ')}`),
      [],
    );
  });

  it('every package a workspace imports is among its dependencies, and every dependency is imported', () => {
    for (const name of ['core', 'server', 'simulator']) {
      const manifest: { name: string; dependencies: Record<string, string> } = JSON.parse(
        readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'),
      );
      const imported = sources
        .filter(({ path }) => path.startsWith(`packages/${name}/`))
        .flatMap(({ imports }) => imports)
        .filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier))
        .map(packageOf);
      assert.deepEqual([...new Set(imported)].sort(), Object.keys(manifest.dependencies).sort(), `packages/${name}`);
    }
  });
});

function of(layer: string): Source[] {
  return sources.filter((source) => source.layer === layer);
}

function readSources(): Source[] {
  return globSync('packages/*/src/**/*.ts', { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !isTest(path))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return { path, layer: layerOf(path), imports: importsOf(text), text };
    });
}

/** Every file of ours and the files it imports, tests and tools too. */
function readFiles(): Map<string, string[]> {
  const paths = globSync(['{packages,test,bench,scripts,examples}/**/*.ts'], {
    cwd: root,
    exclude: (name) => name.endsWith('node_modules') || name.endsWith('dist'),
  }).map((path) => path.replaceAll('\\', '/'));
  const known = new Set(paths);
  return new Map(
    paths.map((path) => {
      const imports = importsOf(readFileSync(join(root, path), 'utf8'));
      return [path, imports.map((specifier) => pathOf({ path }, specifier) ?? '').filter((to) => known.has(to))];
    }),
  );
}

/** The files that can reach each other, one list a circle: Tarjan's strongly connected components. */
function circlesOf(files: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const numbers = new Map<string, number>();
  const open: string[] = [];
  const visit = (path: string): number => {
    const number = numbers.size;
    numbers.set(path, number);
    let low = number;
    open.push(path);
    const imports = files.get(path) ?? [];
    for (const imported of imports) {
      if (!numbers.has(imported)) low = Math.min(low, visit(imported));
      else if (open.includes(imported)) low = Math.min(low, numbers.get(imported) ?? low);
    }
    if (low < number) return low;
    const circle = open.splice(open.indexOf(path));
    if (circle.length > 1 || imports.includes(path)) circles.push(circle);
    return low;
  };
  for (const path of files.keys()) if (!numbers.has(path)) visit(path);
  return circles;
}

/** The room of the caller that a file is in; undefined: in none. */
function roomOf(path: string): string | undefined {
  if (!path.startsWith(`${caller}/`)) return undefined;
  const [room = ''] = path.slice(caller.length + 1).split('/');
  return Object.hasOwn(rooms, room) ? room : undefined;
}

/** Tests, the suites they share, and declarations. */
function isTest(path: string): boolean {
  return /(\.test|\.d|\/contract|\/testing|-testing|\.tmp)\.ts$/.test(path) || /\/(testing|contract)\//.test(path);
}

/** The layer with the longest folder that holds the file. */
function layerOf(path: string): string {
  const holding = Object.entries(layers).filter(([, { folder }]) => path.startsWith(`${folder}/`));
  holding.sort(([, left], [, right]) => right.folder.length - left.folder.length);
  const [name] = holding[0] ?? [];
  assert.ok(name !== undefined, `${path} belongs to no layer: add it to this test`);
  return name;
}

/** `import … from`, `export … from`, `import '…'` and `import('…')`. */
function importsOf(text: string): string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?(?:[\w*{][^;'"]*?from\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
  return [...withoutComments(text).matchAll(pattern)].map(([, fixed, dynamic]) => fixed ?? dynamic ?? '');
}

/** Where an import of ours leads, relative to the root; undefined for a package that is not ours. */
function pathOf({ path }: Pick<Source, 'path'>, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return normalize(join(dirname(path), specifier)).replaceAll('\\', '/');
  if (specifier === '@holdfast/core') return 'packages/core/src/index.ts';
  if (specifier.startsWith('holdfast/')) return `${server}/${specifier.slice('holdfast/'.length)}.ts`;
  return undefined;
}

function isAllowed(from: string, path: string | undefined): boolean {
  if (path === undefined) return true;
  const layer = layers[from];
  const target = layerOf(path);
  return (
    target === from || layer?.mayImport.includes(target) === true || layer?.mayImportFiles?.includes(path) === true
  );
}

function isOurs(specifier: string): boolean {
  return specifier.startsWith('@holdfast/') || specifier.startsWith('holdfast/');
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function packageOf(specifier: string): string {
  const [scope = '', name = ''] = specifier.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
