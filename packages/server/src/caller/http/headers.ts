import { checkHeaderName, framingHeaders, hasControlCharacter } from '../branch-headers.ts';

/** The headers of a call, but for those that frame it. */
export interface HeaderBlock {
  /** Names and values in turn. */
  readonly list: readonly string[];
  /** As they stand in a head of HTTP/1.1, each with its line end. */
  readonly text: string;
  /** They name a host of their own. */
  readonly hasHost: boolean;
}

const framing: ReadonlySet<string> = new Set(framingHeaders);

type Named = ReadonlyMap<string, readonly [name: string, value: string]>;

/** The headers of every call, before those of its transaction. */
export class HttpHeaders {
  readonly #own: Record<'bare' | 'withBody', { readonly named: Named; readonly block: HeaderBlock }>;

  /** @param version of Holdfast, named in User-Agent */
  constructor(version: string) {
    const bare: [string, string][] = [
      ['Accept', 'application/json'],
      ['User-Agent', `holdfast/${version}`],
      ['Accept-Encoding', 'gzip, deflate, br'],
    ];
    this.#own = {
      bare: ownOf(bare),
      // Only where there is something that it speaks of: some frameworks refuse an empty body that is said to be JSON.
      withBody: ownOf([['Content-Type', 'application/json'], ...bare]),
    };
  }

  /**
   * Ours, then the branch's; the later of two that differ in case only wins.
   * @throws Error naming the header, never its value
   */
  of(branchHeaders: Readonly<Record<string, string>>, authorization: string, hasBody: boolean): HeaderBlock {
    const { named, block } = hasBody ? this.#own.withBody : this.#own.bare;
    if (authorization === '' && isEmpty(branchHeaders)) return block;
    const merged = new Map(named);
    if (authorization !== '') merged.set('authorization', ['Authorization', authorization]);
    for (const name of Object.keys(branchHeaders)) {
      const key = name.toLowerCase();
      if (framing.has(key)) continue;
      checkHeaderName(name);
      const value = branchHeaders[name] ?? '';
      if (hasControlCharacter(value)) throw new Error(`the branch header ${key} has a line break or control character`);
      merged.set(key, [name, value]);
    }
    return blockOf(merged);
  }
}

function ownOf(headers: readonly [string, string][]) {
  const named: Named = new Map(headers.map((header) => [header[0].toLowerCase(), header]));
  return { named, block: blockOf(named) };
}

function blockOf(named: Named): HeaderBlock {
  const pairs = Array.from(named.values());
  return {
    list: pairs.flat(),
    text: pairs.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
    hasHost: named.has('host'),
  };
}

function isEmpty(record: Readonly<Record<string, string>>): boolean {
  for (const _ in record) return false;
  return true;
}
