import { type Host, nameOf } from './address.ts';
import type { Stand } from './stand.ts';

/** A host that was looked at; without stand: it cannot be used, and why. */
export type Look = { readonly host: Host } & ({ readonly stand: Stand } | { readonly failure: string });

/** What this coordinator remembers. */
export interface Known {
  /** In use so far. */
  readonly host: Host | undefined;
  /** The highest term that it has seen. */
  readonly term: number;
  /** Its last heartbeat that was acknowledged. */
  readonly own: { readonly incarnation: string; readonly count: number } | undefined;
}

export interface Choice {
  readonly chosen: { readonly host: Host; readonly stand: Stand } | undefined;
  /** Where none is chosen: why each cannot be used. */
  readonly refusal: string;
  /** The right one is not chosen, because it may lose what it acknowledges: which it is, and what to do. */
  readonly fault: string | undefined;
  /** Hosts take writes that must not be used: somebody should stop them. */
  readonly incident: string | undefined;
  /** The chosen host lacks what was acknowledged, for people. */
  readonly loss: string | undefined;
}

type Seen = Look & { readonly stand: Stand };

/** Which of the hosts takes the writes of this coordinator (decision 0035). */
export function choose(looks: readonly Look[], known: Known): Choice {
  const { term, older, lines } = sorted(looks, known);
  const right = oneOf(lines, known);
  const refused = [...older, ...lines.filter((one) => one !== right)];
  const fault = right?.stand.fault;
  // Another one, whose data are older, is not used in its place.
  const chosen = fault === undefined ? right : undefined;
  return {
    chosen,
    fault: right === undefined || fault === undefined ? undefined : `${nameOf(right.host)}: ${fault}`,
    refusal: looks.map((look) => `${nameOf(look.host)}: ${whyNot(look, term)}`).join('; '),
    incident: incidentOf(refused, chosen, term),
    loss: chosen === undefined ? undefined : lossOf(chosen, known),
  };
}

/** The hosts between which only more than a look can decide. */
export function rivals(looks: readonly Look[], known: Known): readonly Host[] {
  const { lines } = sorted(looks, known);
  return lines.length < 2 ? [] : lines.map(({ host }) => host);
}

function sorted(looks: readonly Look[], known: Known) {
  const seen = looks.filter((look) => 'stand' in look);
  const term = Math.max(known.term, ...seen.map(termOf));
  const writable = seen.filter(({ stand }) => stand.isWritable);
  return {
    /** The highest that is known. */
    term,
    older: writable.filter((one) => termOf(one) < term),
    lines: oneOfEachLine(
      writable.filter((one) => termOf(one) >= term),
      known,
    ),
  };
}

const termOf = ({ stand: { followed } }: Seen) => followed?.term ?? 0;
const isInUse = ({ stand: { beats, line, followed } }: Seen) =>
  line === followed?.line && beats.some(({ isFresh }) => isFresh);
/** Nobody has followed there yet. */
const isNew = ({ stand: { line, followed } }: Seen) => line !== followed?.line;

/** Hosts of one line are the same: the one in use, or the first; one that may lose what it acknowledges only where all do. */
function oneOfEachLine(hosts: readonly Seen[], known: Known): readonly Seen[] {
  const lines = new Map<string, Seen>();
  const isSafe = ({ stand }: Seen) => stand.fault === undefined;
  for (const one of [...hosts.filter(isSafe), ...hosts.filter((other) => !isSafe(other))]) {
    if (!lines.has(one.stand.line) || (one.host === known.host && isSafe(one))) lines.set(one.stand.line, one);
  }
  return [...lines.values()];
}

function oneOf(lines: readonly Seen[], known: Known): Seen | undefined {
  if (lines.length < 2) return lines[0];
  const mine = lines.find(({ host }) => host === known.host);
  const used = lines.filter(isInUse);
  if (used.length === 1) return used[0];
  if (used.length > 1 || known.own === undefined) return mine;
  const following = lines.filter((one) => isNew(one) && lackOf(one, known) === 0);
  return following.length === 1 ? following[0] : mine;
}

/** How many of this coordinator's acknowledged heartbeats are not there. */
function lackOf({ stand: { beats } }: Seen, { own }: Known): number {
  if (own === undefined) return 0;
  const there = beats.find(({ incarnation }) => incarnation === own.incarnation);
  return Math.max(0, own.count - (there?.count ?? 0));
}

function lossOf(chosen: Seen, known: Known): string | undefined {
  const isAnother = chosen.host !== known.host || isNew(chosen);
  const lack = isAnother ? lackOf(chosen, known) : 0;
  if (lack === 0) return undefined;
  return (
    `${nameOf(chosen.host)} lacks the last ${lack} heartbeats that were acknowledged to this coordinator, ` +
    'and so perhaps transactions that were acknowledged: its copy was not synchronous'
  );
}

function whyNot(look: Look, term: number): string {
  if ('failure' in look) return look.failure;
  if (!look.stand.isWritable) return 'it only reads';
  const own = termOf(look);
  if (own >= term && look.stand.fault !== undefined) return look.stand.fault;
  if (own >= term) return 'it takes writes, and is not the only one';
  return `it takes writes, but its data are older (term ${own}) than what the coordinators have followed to (term ${term})`;
}

function incidentOf(refused: readonly Seen[], chosen: Seen | undefined, term: number): string | undefined {
  if (refused.length === 0) return undefined;
  const others = refused.map((one) => `${nameOf(one.host)} (${whyNot(one, term)})`).join(', ');
  const used = chosen === undefined ? 'no host is used' : `${nameOf(chosen.host)} is used`;
  const isOne = refused.length === 1;
  return `the database is split: ${used}, and ${isOne ? 'another one takes' : 'others take'} writes too: ${others}. Stop ${isOne ? 'it' : 'all but the right one'}`;
}
