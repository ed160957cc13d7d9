/**
 * The known name that somebody most likely meant, or undefined. Case and separators do not count, and a name that lacks
 * its end (the unit, say) or its beginning (the section) is near.
 */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const plain = plainName(given);
  let nearest: string | undefined;
  let nearestDistance = Math.max(2, Math.floor(plain.length / 4)) + 1;
  for (const name of known) {
    const other = plainName(name);
    const distance = isPartOf(plain, other) ? 1 : editDistance(plain, other);
    if (distance < nearestDistance) {
      nearest = name;
      nearestDistance = distance;
    }
  }
  return nearest;
}

/** The end of a complaint about an unknown name. */
export function meant(near: string | undefined): string {
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function isPartOf(part: string, name: string): boolean {
  return part.length >= 4 && part.length < name.length && (name.startsWith(part) || name.endsWith(part));
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** Letters put in, left out, replaced, or two neighbours exchanged. */
export function editDistance(left: string, right: string): number {
  let before: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const isSame = left[row - 1] === right[column - 1];
      const isExchanged = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      next[column] = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isExchanged ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = last;
    last = next;
  }
  return last[right.length] ?? 0;
}
