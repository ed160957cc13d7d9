import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/part.ts';
import { areas } from './areas.ts';
import { readRecord, scoreOf, sourcesOf } from './record.ts';

const path = join(root, 'docs', 'testing.md');
const figures = /(<!-- mutation: .* -->\n)[\s\S]*(<!-- end of mutation -->)/u;

/** docs/testing.md with the figures of the record. */
export function pageWithFigures(): { readonly written: string; readonly right: string } {
  const written = readFileSync(path, 'utf8');
  return { written, right: written.replace(figures, (_, begin, end) => `${begin}${figuresOf().join('\n')}\n${end}`) };
}

export function writeFigures(): void {
  writeFileSync(path, pageWithFigures().right);
}

export const percent = (part: number) => `${(part * 100).toFixed(1)} %`;

function figuresOf(): string[] {
  const record = readRecord();
  const lines = areas.map((area) => {
    const files = sourcesOf(area);
    const { killed, survived, equivalent, part } = scoreOf(files, record);
    const dates = files.flatMap((file) => record[file]?.date.slice(0, 10) ?? []).sort();
    const cells = [
      killed + survived.length,
      killed,
      percent(part),
      percent(area.target),
      equivalent,
      dates[0] ?? 'never',
    ];
    return `| ${[area.name, ...cells].join(' | ')} |`;
  });
  return [
    '| area | mutants | noticed | part | at least | equivalent | date |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ];
}
