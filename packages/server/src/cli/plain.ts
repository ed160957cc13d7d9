/** Text of clients and services must not move the cursor, nor look like what it is not. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** An argument of a command that somebody may paste into a shell: a gid comes from clients, and must not be a command. */
export function argument(text: string): string {
  const shown = plain(text);
  if (/^[\w./:@%+,=][\w./:@%+,=-]*$/.test(shown)) return shown;
  const quoted = `'${shown.replaceAll("'", "'\\''")}'`;
  return shown.startsWith('-') ? `-- ${quoted}` : quoted;
}

/** One line as several of at most so many columns, cut between words where that is possible; further ones are indented. */
export function wrapped(line: string, columns: number): string[] {
  const indent = `${/^ */.exec(line)?.[0] ?? ''}    `;
  const room = Math.max(columns, indent.length + 20);
  const lines: string[] = [];
  let rest = line;
  while (rest.length > room) {
    const space = rest.lastIndexOf(' ', room);
    const end = space > indent.length ? space : room;
    lines.push(rest.slice(0, end).trimEnd());
    rest = `${indent}${rest.slice(end).trimStart()}`;
  }
  return [...lines, rest];
}
