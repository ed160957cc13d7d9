/** The pages for people: their links lead somewhere, and each decision has one number and one line in the list. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const decisions = join(root, 'docs', 'decisions');

test('each link of a page leads to a file, and to a heading that it has', () => {
  const pages = new Map(
    globSync(['*.md', '{docs,bench,examples,packages,test}/**/*.md'], {
      cwd: root,
      exclude: ['**/node_modules/**'],
    }).map((path) => [path.replaceAll('\\', '/'), withoutCode(readFileSync(join(root, path), 'utf8'))] as const),
  );
  assert.ok(pages.size > 30, `${pages.size} pages`);
  const dead = [...pages].flatMap(([path, text]) =>
    linksOf(text)
      .filter((link) => {
        const [file = '', heading] = link.split('#');
        const target = file === '' ? path : normalize(join(dirname(path), file)).replaceAll('\\', '/');
        if (!existsSync(join(root, target))) return true;
        const page = pages.get(target);
        return heading !== undefined && page !== undefined && !headingsOf(page).includes(heading);
      })
      .map((link) => `${path}: ${link}`),
  );
  assert.deepEqual(dead, []);
});

test('each decision has a number of its own, begins with it, and is in the list once', () => {
  const files = globSync('[0-9]*.md', { cwd: decisions }).sort();
  const numbers = files.map((file) => file.slice(0, 4));
  assert.deepEqual(numbers, [...new Set(numbers)]);
  for (const file of files) {
    const [heading = ''] = readFileSync(join(decisions, file), 'utf8').split('\n');
    assert.match(heading, new RegExp(`^# ${file.slice(0, 4)} [A-Z]`), file);
  }
  const listed = linksOf(readFileSync(join(decisions, 'README.md'), 'utf8')).filter((link) => /^\d/.test(link));
  assert.deepEqual(listed, files);
});

function withoutCode(text: string): string {
  return text.replace(/```[\s\S]*?```/g, '');
}

/** Of those that lead to somewhere in the project. */
function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link));
}

/** As GitHub names them in links. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}
