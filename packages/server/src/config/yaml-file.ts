import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import type { Node } from 'yaml';
import { contradiction, type DtmKey, dtmKeys, isDtmSection, translate } from './dtm.ts';
import type { Problem } from './error.ts';
import { isSection, type SettingTree } from './setting.ts';
import type { Named } from './setting-names.ts';
import { type Given, type Source, unknownSetting } from './source.ts';

/**
 * A YAML 1.2 file whose maps are the sections. An empty file, or an empty section, gives nothing. Keys of dtm's own file
 * are translated; both kinds may stand in one file.
 */
export function readYamlFile(file: string, tree: SettingTree, known: readonly Named[]): Source {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    const text = `cannot be read (${error instanceof Error ? error.message : String(error)})`;
    return { given: [], problems: [{ origin: file, name: '', text }], notes: [], isOfDtm: false };
  }
  return readYaml(content, file, tree, known);
}

const require = createRequire(import.meta.url);

export function readYaml(content: string, file: string, tree: SettingTree, known: readonly Named[]): Source {
  // Loaded only where there is a file: it takes 30 ms and 8 MB.
  const yaml: typeof Yaml = require('yaml');
  const { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument } = yaml;
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number | undefined) => `${file}:${lines.linePos(offset ?? 0).line}`;
  const dtm = dtmKeys(known);
  /** Values of dtm's keys as they were written, and where. */
  const ofDtm = new Map<string, { readonly value: unknown; readonly origin: string }>();
  const given: Given[] = [];
  const notes: Problem[] = [];
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    origin: at(error.pos[0]),
    name: '',
    text:
      error.code === 'MULTIPLE_DOCS'
        ? 'the file must hold one YAML document, and a second one begins here'
        : `not valid YAML: ${error.message}`,
  }));

  /** Lays the pairs of one map at the doors of the settings of one section. */
  function readSection(node: Node, names: readonly string[], settings: SettingTree): void {
    const content = resolve(node);
    const name = names.join('.');
    if (isScalar(content) && content.value === null) return;
    if (!isMap(content)) {
      const text =
        name === '' ? 'must be a map of settings' : `is a section: write its settings, indented, below ${name}:`;
      problems.push({ origin: at(node.range?.[0]), name, text });
      return;
    }
    for (const { key, value } of content.items) {
      const keyNode = isNode(key) ? key : undefined;
      readPair(keyNode, isNode(value) ? value : undefined, names, settings);
    }
  }

  function readPair(key: Node | undefined, value: Node | undefined, above: readonly string[], settings: SettingTree) {
    const names = [...above, isScalar(key) ? String(key.value) : String(key)];
    const path = names.join('.');
    const origin = at(key?.range?.[0]);
    const entry = Object.entries(settings).find(([name]) => name === names.at(-1))?.[1];
    const dtmKey = dtm.find((one) => one.key === path);
    if (dtmKey !== undefined) readDtm(dtmKey, origin, plainValue(value, origin, path));
    else if (names.length === 1 && isDtmSection(path, dtm)) value !== undefined && readSection(value, names, {});
    else if (entry === undefined) problems.push({ origin, name: path, text: unknownSetting(path, known, dtm) });
    else if (isSection(entry)) value !== undefined && readSection(value, names, entry.settings);
    else give({ path, origin, value: plainValue(value, origin, path) });
  }

  function readDtm(key: DtmKey, origin: string, value: unknown): void {
    const { value: translated, note, problem } = translate(key, value, known);
    ofDtm.set(key.key, { value: value ?? undefined, origin });
    if (problem !== undefined) problems.push({ origin, name: key.key, text: problem });
    else if (note !== undefined) notes.push({ origin, name: key.key, text: note });
    if (translated !== undefined) give({ path: key.path, origin: `${origin}: ${key.key}`, value: translated });
  }

  /** A key of dtm and a setting may mean the same. */
  function give(one: Given): void {
    const earlier = given.find(({ path }) => path === one.path);
    if (earlier === undefined) given.push(one);
    else problems.push({ origin: one.origin, name: one.path, text: `was given already (${earlier.origin})` });
  }

  function plainValue(value: Node | undefined, origin: string, name: string): unknown {
    const content = value === undefined ? undefined : resolve(value);
    if (isScalar(content)) return content.value;
    try {
      const plain: unknown = content?.toJS(document) ?? null;
      // What holds itself by an alias cannot be written out, here or in an error message.
      JSON.stringify(plain);
      return plain;
    } catch {
      problems.push({
        origin,
        name,
        text: 'uses a YAML alias that contains itself, or too many aliases: write the value out',
      });
      return null;
    }
  }

  function resolve(node: Node): Node | undefined {
    return isAlias(node) ? node.resolve(document) : node;
  }

  if (problems.length === 0 && document.contents !== null) readSection(document.contents, [], tree);
  const [timeout, interval] = [ofDtm.get('TimeoutToFail'), ofDtm.get('RetryInterval')];
  const contradicts = contradiction(timeout?.value, interval?.value);
  if (contradicts !== undefined && problems.length === 0) {
    const { origin = file } = timeout ?? interval ?? {};
    problems.push({ origin, name: '', text: contradicts });
  }
  return { given, problems, notes, isOfDtm: ofDtm.size > 0 };
}
