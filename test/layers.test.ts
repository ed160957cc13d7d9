/** Who may import whom: the shape of the system as a test. Tests and test helpers may import anything. */
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
const store = `${server}/store/store.ts`;
const capabilities = `${server}/store/capabilities.ts`;
const ports = `${server}/engine/ports.ts`;

const layers: Readonly<Record<string, Layer>> = {
  core: { folder: 'packages/core/src', mayImport: [], leastFiles: 10 },
  engine: { folder: `${server}/engine`, mayImport: ['core'], mayImportFiles: [store, capabilities], leastFiles: 5 },
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
    mayImportFiles: [store, ports, `${server}/engine/coordinator.ts`, `${server}/transport/http/dev-routes.ts`],
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
    mayImportFiles: [store],
    leastFiles: 5,
  },
};

/** The parts of a running coordinator: wiring alone makes them. */
const parts = ['Engine', 'SqliteStore', 'DestinationCaller', 'HttpSender', 'GrpcSender', 'BranchSender'];
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
function pathOf({ path }: Source, specifier: string): string | undefined {
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
