import { endedAs } from '@holdfast/core';
import { argument, plain, wrapped } from './plain.ts';

/** What `/api/v1` says of a transaction, in plain words. */

interface Operation {
  readonly branchId: string;
  readonly op: string;
  readonly url: string;
}

export interface Summary {
  readonly gid: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly incident: string;
  readonly incidentKind: 'decision' | 'failing' | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly dueAt: string | null;
  readonly attemptCount: number;
}

interface Foreseen {
  readonly status: string;
  readonly reason: string;
  readonly calls: readonly Operation[];
  readonly hasMoreCalls: boolean;
}

type Askable = ({ readonly isAllowed: true } & Foreseen) | { readonly isAllowed: false; readonly message: string };

/** A call that holds a place of its destination. */
export interface Place {
  readonly gid: string;
  readonly branchId: string;
  readonly op: string;
  readonly since: string;
  readonly until: string;
}

export interface Shown extends Summary {
  readonly isDrivenHere: boolean;
  readonly owner: string | null;
  readonly ownerName: string | null;
  readonly ignoredFields: readonly string[];
  readonly unknownFields: readonly { readonly name: string; readonly didYouMean: string | null }[];
  readonly operatorDecisions: readonly {
    readonly kind: 'rollback' | 'do-not-wait' | 'stop';
    readonly at: string;
    readonly status: string;
    readonly reason: string;
  }[];
  readonly untold: readonly Operation[];
  readonly branches: readonly (Operation & { readonly status: string })[];
  readonly attempts: readonly (Operation & {
    readonly at: string;
    readonly durationMs: number;
    readonly outcome: string;
    readonly reason: string;
    readonly note: string;
  })[];
  readonly attemptsDropped: number;
  readonly inFlight: readonly (Operation & {
    readonly askedAt: string;
    readonly sentAt: string | null;
    readonly until: string | null;
  })[];
  readonly heldBack: readonly {
    readonly kind: 'breaker' | 'slot';
    readonly destination: string;
    readonly since: string;
    readonly probeAt: string | null;
    readonly callsOut: number;
    readonly longest: readonly Place[];
  }[];
  readonly next: {
    readonly what: string;
    readonly to?: string;
    readonly at: string | null;
    readonly calls: readonly Operation[];
    readonly rule: string;
    readonly because: string;
    readonly lastFailure:
      | (Operation & { readonly at: string; readonly outcome: string; readonly reason: string })
      | null;
    readonly sooner: 'retry' | 'do-not-wait' | null;
  };
  readonly onAbort: Askable;
  readonly onRollback: Askable;
  readonly onTimeout: ({ readonly at: string } & Foreseen) | null;
  readonly now: string;
}

/** Stands above the lines of a list. */
export const listHeading = ['CREATED'.padEnd(24), 'TYPE'.padEnd(8), 'STATUS'.padEnd(9), 'GID'].join('  ');

/** One line of a list. */
export function lineOf(summary: Summary): string {
  const { gid, type, status, incident, createdAt, dueAt, reason } = summary;
  const words = [createdAt, type.padEnd(8), status.padEnd(9), plain(gid)];
  if (incident !== '') words.push(incidentText(summary));
  else if (dueAt !== null) words.push(`due ${dueAt}`);
  else if (reason !== '') words.push(shortened(plain(reason)));
  return words.join('  ');
}

/** Two things that are not the same: only the first stays as it is until somebody acts. */
function incidentText({ incident, incidentKind }: Pick<Summary, 'incident' | 'incidentKind'>): string {
  return `${incidentKind === 'decision' ? 'waits for a decision' : 'fails again and again'}: ${plain(incident)}`;
}

/**
 * The whole of it, for people.
 * @param columns of a terminal, where one shows it: what is longer is wrapped at words
 */
export function storyOf(shown: Shown, columns?: number): string {
  const lines = [
    ...headOf(shown),
    ...branchLines(shown),
    ...attemptLines(shown),
    ...nextLines(shown),
    ...foreseenLines(shown),
  ];
  return (columns === undefined ? lines : lines.flatMap((line) => wrapped(line, columns))).join('\n');
}

/** The reason of an attempt stands in one line, so a long one is cut there. The reason of the transaction is whole. */
const longestReason = 120;

function shortened(text: string): string {
  return text.length <= longestReason ? text : `${text.slice(0, longestReason - 1).trimEnd()}…`;
}

function headOf({
  gid,
  type,
  status,
  createdAt,
  finishedAt,
  reason,
  incident,
  incidentKind,
  ignoredFields,
  unknownFields,
  ...shown
}: Shown): string[] {
  const since = finishedAt === null ? `created ${createdAt}` : `created ${createdAt}, ended ${finishedAt}`;
  const owner = shown.owner === null ? 'no node: it waits' : shown.isDrivenHere ? 'this node' : ownerText(shown);
  return [
    `${type} ${plain(gid)} ${finishedAt === null ? `is ${status}` : `has ${endedAs(status)}`} (${since})`,
    ...(incident === '' ? [] : [`  ${incidentText({ incident, incidentKind })}`]),
    ...(reason === '' ? [] : [`  rolled back because: ${plain(reason)}`]),
    ...(ignoredFields.length === 0
      ? []
      : [`  a later request for this gid differs from what is stored and was ignored in: ${ignoredFields.join(', ')}`]),
    ...(unknownFields.length === 0 ? [] : [`  unknown fields, ignored: ${unknownFields.map(unknownText).join(', ')}`]),
    ...decisionLines(shown),
    ...(finishedAt === null ? [`  driven by ${owner}`] : []),
    ...(shown.owner === null || shown.isDrivenHere ? [] : [onlyStored]),
  ];
}

const decisions = {
  rollback: 'asked for the rollback',
  'do-not-wait': 'decided not to wait for calls that are out: they are cut, and their actions may still run',
  stop: 'ended it as failed',
} as const;

function decisionLines({ operatorDecisions, untold }: Pick<Shown, 'operatorDecisions' | 'untold'>): string[] {
  const lines = operatorDecisions.map(({ kind, at, status, reason }) => {
    const why = reason === '' || kind !== 'rollback' ? '' : `, because: ${plain(reason)}`;
    return `  at ${at} an operator ${decisions[kind]} (it was ${status})${why}`;
  });
  if (untold.length === 0) return lines;
  const named = untold.slice(0, namedAtMost).map(shortName).join(', ');
  const more = untold.length > namedAtMost ? ` and ${untold.length - namedAtMost} more` : '';
  return [...lines, `  not done, and not called any more: ${named}${more}`];
}

const namedAtMost = 20;

function branchLines({ type, branches }: Shown): string[] {
  const hasSteps = type === 'saga' || type === 'msg';
  if (branches.length === 0) return ['', hasSteps ? 'no steps: no branch is called, and it succeeds' : 'no branches'];
  return [
    '',
    'branches',
    ...branches.map((branch) => `  ${nameOf(branch)}  ${branch.status.padEnd(12)}  ${urlText(branch)}`.trimEnd()),
  ];
}

function unknownText({ name, didYouMean }: Shown['unknownFields'][number]): string {
  return didYouMean === null ? plain(name) : `${plain(name)} (did you mean ${didYouMean}?)`;
}

/** A step may be meant to have none, or somebody has misspelt it. */
function urlText({ op, url }: Operation): string {
  return url === '' && op === 'compensate' ? 'no compensation' : plain(url);
}

function attemptLines({ attempts, attemptsDropped, inFlight }: Shown): string[] {
  const dropped =
    attemptsDropped === 0 ? '' : ` (the last ${attempts.length}; ${attemptsDropped} before them are not kept)`;
  const lines = attempts.flatMap(({ at, durationMs, outcome, reason, note, ...operation }) => {
    const took = `${Math.round(durationMs)} ms`;
    const line = `  ${at}  ${nameOf(operation)}  ${outcome.padEnd(7)}  ${took}  ${shortened(plain(reason))}`.trimEnd();
    return note === '' ? [line] : [line, `    note: ${shortened(plain(note))}`];
  });
  const out = inFlight.map(
    ({ askedAt, sentAt, until, ...operation }) =>
      `  ${sentAt ?? askedAt}  ${nameOf(operation)}  ${until === null ? 'waits for its turn since this time' : `is out, and ends at ${until} at the latest`}`,
  );
  return lines.length + out.length === 0 ? ['', 'no attempts yet'] : ['', `attempts${dropped}`, ...lines, ...out];
}

function nextLines({ gid, next, now, heldBack, inFlight }: Shown): string[] {
  const because = `  because: ${next.because} (${next.rule})`;
  if (next.what === 'nothing') return ['', 'next: nothing', because];
  const when = next.at === null ? '' : ` at ${next.at} (${untilText(next.at, now)})`;
  const { lastFailure: last } = next;
  // ONGOING is no failure.
  const label = last?.outcome === 'ongoing' ? 'last answer' : 'last failure';
  const failed = last === null ? [] : [`  ${label}: ${shortName(last)} at ${last.at}: ${plain(last.reason)}`];
  const sooner = next.sooner === null ? [] : [`  sooner: holdfast ${commandOf(next.sooner, argument(gid))}`];
  return ['', `next:${when} ${nextText(next, inFlight)}`, because, ...failed, ...heldBack.map(holdText), ...sooner];
}

function commandOf(sooner: 'retry' | 'do-not-wait', gid: string): string {
  return sooner === 'retry'
    ? `retry ${gid}`
    : `rollback --do-not-wait ${gid} (its action may still run: safe only with a barrier)`;
}

function holdText({ kind, destination, since, probeAt, callsOut, longest }: Shown['heldBack'][number]): string {
  if (kind === 'slot') {
    const held = `  held back since ${since}: ${plain(destination)} has no free place, ${callsOut} calls are out`;
    const [first] = longest;
    if (first === undefined) return held;
    const call = `${plain(first.branchId)} ${plain(first.op)} of ${plain(first.gid)}`;
    return `${held}, the longest for ${call} since ${first.since} (holdfast destinations lists them)`;
  }
  const probe = probeAt === null ? 'a probe is out' : `the next probe may go at ${probeAt}`;
  return `  held back: ${plain(destination)} does not serve since ${since} (open breaker); ${probe}`;
}

function nextText({ what, to = '', at, rule, calls }: Shown['next'], inFlight: Shown['inFlight']): string {
  if (what === 'call') return `calls ${calls.map((call) => `${shortName(call)} ${plain(call.url)}`).join(', ')}`;
  if (what === 'move') return `it moves to ${to}`;
  if (rule === 'in-flight' && at === null) return answerText(inFlight);
  return what === 'wait' ? 'Holdfast checks it again' : 'it begins to wait for a decision';
}

/** The first answer moves it; a call without one ends by its time-out. */
function answerText(inFlight: Shown['inFlight']): string {
  const [first] = inFlight.flatMap(({ until }) => (until === null ? [] : [until])).sort();
  return first === undefined ? 'it goes on with an answer' : `it goes on with an answer, at ${first} at the latest`;
}

function foreseenLines({ type, onAbort, onRollback, onTimeout, finishedAt }: Shown): string[] {
  if (finishedAt !== null) return [];
  const askable = (asked: Askable) => (asked.isAllowed ? whatOf(asked) : `refused: ${plain(asked.message)}`);
  const timeout = onTimeout === null ? 'it has none' : `at ${onTimeout.at}: ${whatOf(onTimeout)}`;
  const rollback = type === 'saga' ? [`a rollback now: ${askable(onRollback)}`] : [];
  return ['', `an abort now: ${askable(onAbort)}`, ...rollback, `its time-out: ${timeout}`];
}

function whatOf({ status, calls, hasMoreCalls }: Foreseen): string {
  const names = calls.map(shortName);
  const isEnd = status === 'succeed' || status === 'failed';
  const end = isEnd ? `it ends ${status}` : `it stays ${status} and waits for a decision`;
  if (names.length === 0) return `calls nothing; ${end}`;
  return `calls ${names.join(', ')}${hasMoreCalls ? ' and more' : ''}; if all succeed ${end}`;
}

function nameOf({ branchId, op }: Pick<Operation, 'branchId' | 'op'>): string {
  return `${plain(branchId).padEnd(5)} ${plain(op).padEnd(10)}`;
}

const shortName = ({ branchId, op }: Operation) => `${plain(branchId)} ${plain(op)}`;

function untilText(at: string, now: string): string {
  const seconds = Math.round((Date.parse(at) - Date.parse(now)) / 1000);
  if (seconds <= 0) return 'now';
  return seconds < 120 ? `in ${seconds} s` : `in ${Math.round(seconds / 60)} min`;
}

/** The name is for people, the id says which of its lives. */
/** Said where another node drives it. */
const onlyStored = '  only that node knows which calls are out: what follows is what is stored';

function ownerText({ owner, ownerName }: Pick<Shown, 'owner' | 'ownerName'>): string {
  return ownerName === null ? `node ${owner}` : `node ${plain(ownerName)} (${owner})`;
}
