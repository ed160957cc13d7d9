import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { announce, cacheFolder, find, findOrInstall, run, type Toolchain } from './install.ts';

export interface JavaProgram {
  readonly java: string;
  readonly classPath: string;
}

/**
 * The classes that a folder of Java sources makes, with the libraries that its pom.xml names; compiled once for each
 * version of them. Maven's own files are kept under node_modules/.cache, too.
 */
export function javaProgram(folder: string): Toolchain<JavaProgram> {
  const found = findOrInstall('Java', ['default-jdk-headless', 'maven'], 'macOS: brew install maven', () => {
    const [java, compiler, maven] = ['java', 'javac', 'mvn'].map((name) => find(name));
    return java && compiler && maven ? { java, compiler, maven } : undefined;
  });
  if ('missing' in found) return found;
  const { java, compiler, maven } = found.found;
  const pom = join(folder, 'pom.xml');
  const sources = readdirSync(folder).filter((name) => name.endsWith('.java'));
  const files = sources.sort().map((name) => join(folder, name));
  const cache = cacheFolder('java', [pom, ...files]);
  const [classes, libraries, stamp] = ['classes', 'libraries', 'complete'].map((name) => join(cache, name));
  if (classes === undefined || libraries === undefined || stamp === undefined) throw new Error('three paths are three');
  const program = { found: { java, classPath: [classes, join(libraries, '*')].join(':') } };
  if (existsSync(stamp)) return program;

  announce('building the programs of the Java SDK', cache);
  mkdirSync(classes, { recursive: true });
  const options = ['--quiet', '--batch-mode', `-Dmaven.repo.local=${cacheFolder('maven')}`, '-f', pom];
  const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${libraries}`];
  let failure = run(maven, [...options, ...copy]);
  if (failure !== '') return { missing: `Maven cannot get what ${pom} names${failure}` };
  // The SDK brings an annotation processor that newer compilers break on.
  failure = run(compiler, ['-proc:none', '-cp', join(libraries, '*'), '-d', classes, ...files]);
  if (failure !== '') return { missing: `the Java programs in ${folder} cannot be compiled${failure}` };
  writeFileSync(stamp, '');
  return program;
}
