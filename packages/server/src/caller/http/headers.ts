/** Names and values in turn, as undici takes them. */
export type HeaderList = string[];

/**
 * What the connection is framed by is ours alone: such headers would break the exchange, or be refused by the client on
 * every retry. They are left out.
 */
const framing = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What a redirect to another origin may still be told of the branch's headers: how to read the body, no secret. */
const harmless = new Set(['accept', 'content-type']);

const tokenPattern = /^[!#$%&'*+.^_`|~\w-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be in a header's value.
const controlPattern = /[\0-\x08\x0a-\x1f\x7f]/;
const beyondAscii = /[^\0-\x7f]/;

/** The headers of every call, before those of its transaction. */
export class HttpHeaders {
  readonly #own: ReadonlyMap<string, readonly [name: string, value: string]>;
  readonly #ownList: HeaderList;

  /** @param version of Holdfast, named in User-Agent */
  constructor(version: string) {
    const own: [string, string][] = [
      ['Content-Type', 'application/json'],
      ['Accept', 'application/json'],
      ['User-Agent', `holdfast/${version}`],
      ['Accept-Encoding', 'gzip, deflate, br'],
    ];
    this.#own = new Map(own.map((header) => [header[0].toLowerCase(), header]));
    this.#ownList = own.flat();
  }

  /**
   * Ours, then the branch's; the later of two that differ in case only wins.
   * @param isForeign after a redirect to another origin: the branch's headers and credentials are not for it
   * @throws Error naming the header, never its value
   */
  of(branchHeaders: Readonly<Record<string, string>>, authorization: string, isForeign: boolean): HeaderList {
    const names = Object.keys(branchHeaders);
    if (names.length === 0 && authorization === '') return this.#ownList;
    const merged = new Map(this.#own);
    if (authorization !== '') merged.set('authorization', ['Authorization', authorization]);
    for (const name of names) {
      const key = name.toLowerCase();
      if (framing.has(key) || (isForeign && !harmless.has(key))) continue;
      if (!tokenPattern.test(name)) throw new Error('a branch header has a name that is not a valid header name');
      merged.set(key, [name, wireValue(key, branchHeaders[name] ?? '')]);
    }
    return Array.from(merged.values()).flat();
  }
}

/** As UTF-8 where it is not plain ASCII, one character a byte. */
function wireValue(key: string, value: string): string {
  if (controlPattern.test(value)) throw new Error(`the branch header ${key} has a line break or control character`);
  return beyondAscii.test(value) ? Buffer.from(value).toString('latin1') : value;
}
