/** `npm run docs`: makes the configuration reference, and the table for those who come from dtm, from the schema of the settings; without --write it prints the reference. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dtmKeys } from '../packages/server/src/config/dtm.ts';
import { schema, settings } from '../packages/server/src/config/schema.ts';
import { allowedBy, type NumberSetting, type Setting } from '../packages/server/src/config/setting.ts';

const intro = `# Configuration

<!-- Made from the schema by \`npm run docs\`: change packages/server/src/config/schema.ts instead. -->

Holdfast starts without any configuration: it listens on loopback and keeps its data in \`./data\`. Every setting below can
be given in three places; where several name the same setting, the later wins:

1. a YAML 1.2 file, \`holdfast serve -c holdfast.yaml\`, or the one that the variable \`HOLDFAST_CONFIG\` names;
2. the environment: the path of the setting in capitals, words joined by \`_\`, after \`HOLDFAST_\`;
3. flags, for the most common ones.

\`\`\`yaml
http:
  host: 0.0.0.0
  port: 36789
dataDir: /var/lib/holdfast
retentionMs: 86400000
\`\`\`

The same as variables: \`HOLDFAST_HTTP_HOST=0.0.0.0\`, \`HOLDFAST_HTTP_PORT=36789\`, \`HOLDFAST_DATA_DIR=/var/lib/holdfast\`,
\`HOLDFAST_RETENTION_MS=86400000\`. An empty variable counts as not given.

Times are milliseconds and sizes are bytes, always, and a name ends with its unit. Relative paths are relative to where
Holdfast is started. Settings are read once, at the start; the [certificates](#certificates) that they name are read again.

A setting that is unknown, or has a value that is not allowed, stops the start (exit code 2): all mistakes are listed at
once, each with where it was made, what is allowed, and which name was probably meant. This holds for unknown variables
that begin with \`HOLDFAST_\`, too. In Kubernetes the addresses of a service that is named \`holdfast\`, or \`holdfast-server\`,
appear as such variables. Holdfast knows them by their form and ignores them; where one has the name of a setting, as
\`HOLDFAST_HTTP_PORT=tcp://...\`, it says so. \`enableServiceLinks: false\` in the pod's spec keeps them away.

dtm's configuration file is understood, too ([from dtm](from-dtm.md)); its variables are not. A map of names is written in
one variable as \`HOLDFAST_NAMES=orders=http://10.0.0.1:8080,http://10.0.0.2:8080 stock=10.0.0.3:9000\`.
`;

export function configurationReference(): string {
  const sections = Object.entries(schema).filter(([, node]) => node.kind === 'section');
  const parts = [intro, '## General\n', ...table((path) => !path.includes('.'))];
  for (const [name, node] of sections) {
    if (node.kind !== 'section') continue;
    parts.push(`## ${name}\n`, `${node.description}\n`, ...table((path) => path.startsWith(`${name}.`)));
  }
  return parts.join('\n');
}

function table(isIncluded: (path: string) => boolean): string[] {
  return settings
    .filter(({ path }) => isIncluded(path))
    .map(({ path, variable, flag, setting }) => {
      const names = [`\`${variable}\``, ...(setting.flag === true ? [`\`${flag}\``] : [])].join(', ');
      const value = `Default ${defaultOf(path, setting)}; ${allowedBy(setting, path)}.`;
      return `### ${path}\n\n${setting.description}\n\n${value}<br>${names}\n`;
    });
}

function defaultOf(path: string, setting: Setting): string {
  if (setting.kind === 'names' || setting.default === '') return 'none';
  return setting.kind === 'number' ? `\`${setting.default}\`${inWords(path, setting)}` : `\`${setting.default}\``;
}

const timeUnits = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;
const sizeUnits = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;

/** The default in a larger unit, where it is a whole number of them. */
function inWords(path: string, setting: NumberSetting): string {
  const divides = ([, size]: readonly [string, number]) => setting.default > 0 && setting.default % size === 0;
  if (path.endsWith('Ms')) {
    const unit = timeUnits.find(divides);
    if (unit === undefined) return '';
    const count = setting.default / unit[1];
    return ` (${count} ${unit[0]}${count === 1 ? '' : 's'})`;
  }
  const unit = path.endsWith('Bytes') ? sizeUnits.find(divides) : undefined;
  return unit === undefined ? '' : ` (${setting.default / unit[1]} ${unit[0]})`;
}

/** What becomes of each key of dtm's file, for docs/from-dtm.md. Keys that become the same share a row. */
function dtmReference(): string {
  const keysOf = new Map<string, string[]>();
  for (const { key, path, isSeconds, note } of dtmKeys(settings)) {
    const becomes = path === '' ? 'nothing' : `\`${path}\`${isSeconds ? ', in milliseconds' : ''}`;
    const rest = `${becomes} | ${note}`;
    keysOf.set(rest, [...(keysOf.get(rest) ?? []), `\`${key}\``]);
  }
  const rows = [...keysOf].map(([rest, keys]) => `| ${keys.join(', ')} | ${rest} |`);
  return ['| dtm | Holdfast | |', '|---|---|---|', ...rows, ''].join('\n');
}

const dtmMarks = ['<!-- made from the settings by `npm run docs` -->\n', '<!-- end -->'] as const;

/** The page with its table as it is now. */
export function withDtmReference(page: string): string {
  const [begin, end] = dtmMarks.map((mark) => page.indexOf(mark));
  if (begin === undefined || end === undefined || begin < 0 || end < begin) {
    throw new Error('docs/from-dtm.md has lost the marks around its table');
  }
  return page.slice(0, begin + dtmMarks[0].length) + dtmReference() + page.slice(end);
}

if (import.meta.main) {
  const docs = join(import.meta.dirname, '..', 'docs');
  if (process.argv.includes('--write')) {
    writeFileSync(join(docs, 'configuration.md'), configurationReference());
    const page = join(docs, 'from-dtm.md');
    writeFileSync(page, withDtmReference(readFileSync(page, 'utf8')));
  } else process.stdout.write(configurationReference());
}
