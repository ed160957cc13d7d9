/** Where systems other than Windows have it. */
export const resolvConfPath = '/etc/resolv.conf';

/** How names are completed. */
export interface ResolvConf {
  readonly search: readonly string[];
  /** A name with fewer dots is completed before it is asked for as it is. */
  readonly ndots: number;
}

/** As many as glibc takes of `ndots`. */
const mostDots = 15;

export function parseResolvConf(text: string): ResolvConf {
  let search: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    // The last one counts.
    if (keyword === 'search') search = values;
    else if (keyword === 'domain') search = values.slice(0, 1);
    else if (keyword === 'options') ndots = dotsIn(values) ?? ndots;
  }
  return { search: search.map((domain) => domain.replace(/^\.+|\.+$/g, '')), ndots };
}

function dotsIn(options: readonly string[]): number | undefined {
  const [, digits] = /^ndots:(\d{1,9})$/.exec(options.findLast((option) => option.startsWith('ndots:')) ?? '') ?? [];
  return digits === undefined ? undefined : Math.min(Number(digits), mostDots);
}

/** The names that DNS is asked for, one after the other. A dot at the end says that a name is whole. */
export function wholeNames(host: string, { search, ndots }: ResolvConf): readonly string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)];
  const completed = search.filter((domain) => domain !== '').map((domain) => `${host}.${domain}`);
  const dots = host.split('.').length - 1;
  return dots >= ndots ? [host, ...completed] : [...completed, host];
}
