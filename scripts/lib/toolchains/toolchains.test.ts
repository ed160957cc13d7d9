import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { mariaDb } from './databases.ts';
import { goProgram } from './go.ts';
import { javaProgram } from './java.ts';
import { python } from './python.ts';

/** On a machine that has none of it, nor anything to install it with. */
function onBareMachine(action: () => void): void {
  const path = process.env['PATH'];
  const empty = mkdtempSync(join(tmpdir(), 'holdfast-bare-'));
  process.env['PATH'] = empty;
  try {
    action();
  } finally {
    process.env['PATH'] = path;
    rmSync(empty, { recursive: true });
  }
}

it('what is missing is named, with the command that installs it', () => {
  onBareMachine(() => {
    const database = mariaDb();
    assert.ok('missing' in database);
    assert.match(
      database.missing,
      /^MariaDB is not installed \(Debian: apt-get install mariadb-server-core mariadb-cli/,
    );
    // Another file than the tests use: theirs may be installed already.
    const interpreter = python(import.meta.filename);
    assert.ok('missing' in interpreter);
    assert.match(interpreter.missing, /^Python 3 is not installed \(Debian: apt-get install python3-venv\)$/);
    const programs = [goProgram(import.meta.dirname), javaProgram(import.meta.dirname)];
    const sentences = programs.map((program) => ('missing' in program ? program.missing : ''));
    assert.match(sentences[0] ?? '', /^Go is not installed \(Debian: apt-get install golang-go; /);
    assert.match(sentences[1] ?? '', /^Java is not installed \(Debian: apt-get install default-jdk-headless maven; /);
  });
});
