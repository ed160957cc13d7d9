import { endedAs, withoutUserinfo } from '@holdfast/core';
import { type Address, type Answer, askFor, urlOf } from './ask.ts';
import { CommandError, UsageError } from './error.ts';
import { terminalColumns } from './output.ts';
import { argument, plain } from './plain.ts';
import { segmentOf } from './segment.ts';
import { lineOf, listHeading, type Shown, type Summary, storyOf } from './story.ts';

/** What an operator does with transactions, through the coordinator that runs. */

export interface Output {
  /** For programs instead of people. */
  readonly json?: boolean;
}

/** Prints all that is known of one transaction. */
export async function show(address: Address, gid: string, { json = false }: Output): Promise<void> {
  const shown = await askFor(address, 'GET', `/api/v1/transactions/${segmentOf(gid, 'gid')}`);
  listIn(shown, 'attempts', address);
  console.log(json ? JSON.stringify(shown, undefined, 2) : storyOf(shown as unknown as Shown, terminalColumns()));
}

export interface ListOptions extends Output {
  readonly status?: string;
  readonly type?: string;
  readonly prefix?: string;
  readonly incidents?: boolean;
  readonly limit: string;
}

const statuses = ['prepared', 'submitted', 'aborting', 'succeed', 'failed'];

/** What people write, and the name that it has in `/api/v1`. */
const types: Readonly<Record<string, string>> = {
  saga: 'saga',
  msg: 'msg',
  message: 'msg',
  tcc: 'tcc',
  xa: 'xa',
  workflow: 'workflow',
};

/** Singular or plural, in small or capital letters. */
function typeNamed(written: string): string {
  const word = written.toLowerCase();
  const type = types[word] ?? types[word.replace(/s$/, '')];
  if (type !== undefined) return type;
  throw new UsageError(`--type must be saga, msg (or message), tcc, xa or workflow, not '${plain(written)}'`);
}

function statusNamed(written: string): string {
  const word = written.toLowerCase();
  if (statuses.includes(word)) return word;
  throw new UsageError(`--status must be one of ${statuses.join(', ')}, not '${plain(written)}'`);
}

/** Prints a line per transaction, the newest first, with a heading for people. */
export async function list(address: Address, options: ListOptions): Promise<void> {
  const wanted = new Map<string, string>(
    Object.entries({
      status: options.status === undefined ? '' : statusNamed(options.status),
      type: options.type === undefined ? '' : typeNamed(options.type),
      gidPrefix: options.prefix ?? '',
      incident: options.incidents === true ? 'true' : '',
    }).filter(([, value]) => value !== ''),
  );
  if (!/^[1-9]\d{0,8}$/.test(options.limit)) throw new UsageError('--limit must be a whole number from 1');
  if (options.incidents === true) await listClock(address, options);
  let left = Number(options.limit);
  let isFirst = true;
  for (let position = ''; left > 0; ) {
    const parameters = new URLSearchParams([...wanted, ['limit', String(Math.min(left, 100))], ['position', position]]);
    const page = await askFor(address, 'GET', `/api/v1/transactions?${parameters}`);
    const rows = listIn(page, 'transactions', address) as readonly Summary[];
    if (isFirst && options.json !== true) {
      if (rows.length > 0) console.log(listHeading);
      else console.error(wanted.size === 0 ? 'There are no transactions.' : 'No transaction matches.');
    }
    isFirst = false;
    for (const row of rows) console.log(options.json === true ? JSON.stringify(row) : lineOf(row));
    left -= rows.length;
    position = String(page['next'] ?? '');
    if (position === '') return;
  }
}

/** The one incident that is not of a transaction comes first. */
async function listClock(address: Address, { json = false }: Output): Promise<void> {
  const clock = await askFor(address, 'GET', '/api/v1/clock');
  if (clock['incident'] === '') return;
  console.log(json ? JSON.stringify({ clock }) : plain(String(clock['incident'])));
}

/** Makes it due now: what waits for a retry is tried at once. A transaction that has ended stays as it is. */
export async function retry(address: Address, gid: string): Promise<void> {
  await askFor(address, 'POST', '/api/dtmsvr/resetNextCronTime', { gid });
  const { status, finishedAt } = await askFor(address, 'GET', `/api/v1/transactions/${segmentOf(gid, 'gid')}`);
  if (finishedAt === null) console.log(`${plain(gid)} goes on now; holdfast show ${argument(gid)} shows how`);
  else console.log(`${plain(gid)} has already ${endedAs(String(status))}; there is nothing to retry.`);
}

/** Ends it as failed. No branch is called. */
export async function stop(address: Address, gid: string): Promise<void> {
  const { branches_left_prepared: left } = await askFor(address, 'POST', '/api/dtmsvr/forceStop', { gid });
  console.log(`${gid} has failed, because it was stopped. No branch was called: what has run stays as it is.`);
  if (Array.isArray(left))
    console.log(`Branches ${plain(left.join(', '))} are still prepared in their databases. End them there.`);
}

/** Undefined: what is stored is damaged, which hides no other topic. */
function subscribersIn(stored: string): readonly { url: string; remark: string }[] | undefined {
  try {
    return JSON.parse(stored);
  } catch {
    return undefined;
  }
}

export async function listTopics(address: Address, { json = false }: Output): Promise<void> {
  let isFirst = true;
  for (let position = ''; ; ) {
    const parameters = new URLSearchParams({ cat: 'topics', position });
    const page = await askFor(address, 'GET', `/api/dtmsvr/scanKV?${parameters}`);
    const rows = listIn(page, 'kv', address) as readonly { k: string; v: string }[];
    if (isFirst && !json) {
      if (rows.length > 0) console.log('TOPIC, with its subscribers below it');
      else console.error('There are no topics.');
    }
    isFirst = false;
    for (const { k, v } of rows) {
      const subscribers = subscribersIn(v)?.map((one) => ({ ...one, url: withoutUserinfo(one.url) }));
      if (subscribers === undefined) {
        console.error(plain(`${k}: what is stored of it is damaged. Delete the topic and subscribe again.`));
      } else if (json) console.log(JSON.stringify({ topic: k, subscribers }));
      else {
        console.log(plain(k));
        for (const { url, remark } of subscribers)
          console.log(plain(`  ${url}${remark === '' ? '' : `  (${remark})`}`));
      }
    }
    position = String(page['next_position'] ?? '');
    if (position === '') return;
  }
}

export async function subscribe(address: Address, topic: string, url: string, remark: string): Promise<void> {
  await askFor(address, 'GET', `/api/dtmsvr/subscribe?${new URLSearchParams({ topic, url, remark })}`);
  console.log(`messages to topic://${topic} are sent to ${withoutUserinfo(url)} from now on`);
}

export async function unsubscribe(address: Address, topic: string, url: string): Promise<void> {
  await askFor(address, 'GET', `/api/dtmsvr/unsubscribe?${new URLSearchParams({ topic, url })}`);
  console.log(`messages to topic://${topic} are not sent to ${withoutUserinfo(url)} any more`);
}

export async function deleteTopic(address: Address, topic: string): Promise<void> {
  await askFor(address, 'DELETE', `/api/dtmsvr/topic/${segmentOf(topic, 'topic')}`);
  console.log(`topic ${topic} is deleted; messages to it are refused from now on`);
}

/** @throws CommandError where the answer is not what this version of Holdfast gives */
function listIn(answer: Answer, name: string, address: Address): readonly unknown[] {
  const list = answer[name];
  if (Array.isArray(list)) return list;
  throw new CommandError(`${urlOf(address)} gave an answer without ${name}. Is it a coordinator of this version?`);
}
