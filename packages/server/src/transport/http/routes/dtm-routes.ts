import { HoldfastError } from '@holdfast/core';
import type { AskedTransaction, Coordinator } from '../../../engine/coordinator.ts';
import { type BranchMap, decodeBranch, readBranchMap } from '../../wire/branch.ts';
import { encodeBranches, encodeTransaction } from '../../wire/encode.ts';
import { textOf } from '../../wire/json.ts';
import { decodeList, gidParameter, wholeNumber } from '../../wire/list.ts';
import type { AskedList } from '../../wire/stored.ts';
import {
  type AskedAbort,
  type AskedEnd,
  decodeAbort,
  decodeGid,
  decodePrepare,
  decodeSubmit,
  decodeWorkflow,
} from '../../wire/transaction.ts';
import { abortVerdict, submitVerdict } from '../../wire/verdict.ts';
import {
  type Answer,
  answer,
  jsonAnswer,
  plainErrorAnswer,
  successAnswer,
  textErrorAnswer,
  verdictAnswer,
} from '../answer.ts';
import { turnFor } from './long-answers.ts';
import type { Route, RouteParts } from './route.ts';
import { topicRoutes } from './topic-routes.ts';

/** dtm's routes (docs/http-api.md). */
export function dtmRoutes(parts: RouteParts): readonly Route[] {
  const { coordinator, version } = parts;
  return [
    { method: 'GET', name: 'version', handle: async () => jsonAnswer({ version: `v${version}` }) },
    {
      method: 'GET',
      name: 'newGid',
      handle: async () => jsonAnswer({ dtm_result: 'SUCCESS', gid: coordinator.newGid() }),
    },
    ...transactionRoutes(parts),
    ...['registerBranch', 'registerXaBranch', 'registerTccBranch'].map((name) => registerRoute(parts, name)),
    ...operatorRoutes(parts),
    ...topicRoutes(coordinator, parts.settings),
    { method: 'GET', name: 'query', isRead: true, handle: (_, parameters) => query(coordinator, parameters) },
    { method: 'GET', name: 'all', isRead: true, handle: (_, parameters) => all(parts, parameters) },
  ];
}

function transactionRoutes(parts: RouteParts): Route[] {
  const { coordinator, noted } = parts;
  return [
    {
      method: 'POST',
      name: 'prepare',
      handle: async (body) => {
        const asked = decodePrepare(textOf(body));
        await coordinator.prepare(asked);
        return noted('prepare', asked, successAnswer);
      },
    },
    {
      method: 'POST',
      name: 'submit',
      handle: (body) => submit(parts, decodeSubmit(textOf(body))),
    },
    {
      method: 'POST',
      name: 'prepareWorkflow',
      isLarge: true,
      handle: (body) => prepareWorkflow(parts, decodeWorkflow(textOf(body))),
      // SDKs decode whatever JSON comes, with any status, and one of them breaks where that has no transaction.
      refuse: textErrorAnswer,
    },
    {
      method: 'POST',
      name: 'abort',
      handle: (body) => abort(coordinator, decodeAbort(textOf(body))),
    },
  ];
}

/** It may wait for long, and what is async keeps what it was given: not the body. */
async function submit({ coordinator, noted }: RouteParts, asked: AskedTransaction | AskedEnd): Promise<Answer> {
  if ('end' in asked) {
    await coordinator.endWorkflow(asked.gid, asked.end);
    return successAnswer;
  }
  const verdict = submitVerdict(await coordinator.submit(asked, asked.options.waitResult));
  return noted('submit', asked, verdictAnswer(verdict));
}

async function abort(coordinator: Coordinator, { gid, type, reason }: AskedAbort): Promise<Answer> {
  return verdictAnswer(abortVerdict(await coordinator.abort(gid, type, reason)));
}

async function prepareWorkflow({ coordinator, noted }: RouteParts, asked: AskedTransaction): Promise<Answer> {
  const shown = await coordinator.prepareWorkflow(asked);
  await turnFor(shown, coordinator);
  const answer = jsonAnswer({ progresses: encodeBranches(shown), transaction: encodeTransaction(shown) });
  return noted('prepareworkflow', asked, answer);
}

function registerRoute({ coordinator, noted }: RouteParts, name: string): Route {
  return {
    method: 'POST',
    name,
    handle: async (body) => {
      const map = branchMapOf(body);
      if (map instanceof HoldfastError) return plainErrorAnswer(map);
      const asked = decodeBranch(map);
      await coordinator.registerBranch(asked.gid, asked.type, asked.branches);
      return noted(name.toLowerCase(), asked, successAnswer);
    },
  };
}

function branchMapOf(body: Buffer): BranchMap | HoldfastError {
  try {
    return readBranchMap(textOf(body));
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
}

function operatorRoutes({ coordinator, settings }: RouteParts): Route[] {
  return [
    {
      method: 'POST',
      name: 'forceStop',
      handle: async (body) => {
        const left = await coordinator.forceStop(decodeGid(textOf(body)));
        return left.length === 0 ? successAnswer : jsonAnswer({ dtm_result: 'SUCCESS', branches_left_prepared: left });
      },
    },
    {
      method: 'POST',
      name: 'resetNextCronTime',
      handle: async (body) => {
        await coordinator.makeDue(decodeGid(textOf(body)));
        return successAnswer;
      },
    },
    {
      method: 'GET',
      name: 'resetCronTime',
      handle: async (_, parameters) => {
        const afterSeconds = wholeNumber(parameters, 'timeout', 0, 10 * 365 * 24 * 3600);
        const rows = wholeNumber(parameters, 'limit', 1, settings.resetRows) ?? 100;
        const afterMs = afterSeconds === undefined ? settings.resetAfterMs : afterSeconds * 1000;
        const { changed, hasMore } = await coordinator.makeManyDue(afterMs, rows);
        return jsonAnswer({ succeed_count: changed, has_remaining: hasMore });
      },
    },
  ];
}

async function query(coordinator: Coordinator, parameters: URLSearchParams): Promise<Answer> {
  const shown = await coordinator.query(gidParameter(parameters));
  if (shown === undefined) return jsonAnswer({ branches: [], transaction: null });
  await turnFor(shown, coordinator);
  return jsonAnswer({ branches: encodeBranches(shown), transaction: encodeTransaction(shown) });
}

/** With a gid that one alone, whatever else is asked for. */
async function all({ coordinator, settings }: RouteParts, parameters: URLSearchParams): Promise<Answer> {
  if ((parameters.get('gid') ?? '') !== '') {
    const shown = await coordinator.query(gidParameter(parameters));
    const transactions = shown === undefined ? null : [encodeTransaction(shown)];
    return jsonAnswer({ transactions, next_position: '' });
  }
  const asked = decodeList(parameters, settings.listRows);
  const { rows, next } = await filledPage(coordinator, asked, settings.listBytes);
  return answer(200, `{"transactions":[${rows.join(',')}],"next_position":${JSON.stringify(next)}}`);
}

/** Short pages of a store that are put together for one answer; a rare filter may still leave it short. */
const pagesAnAnswer = 20;

/**
 * The store builds pages in bounded steps, so that one may be short and not the last; dtm's are full until the last,
 * and so are these until they are large. Each row is kept as the JSON that is shown: its payloads are not.
 */
async function filledPage(
  coordinator: Coordinator,
  asked: AskedList,
  mostBytes: number,
): Promise<{ rows: readonly string[]; next: string }> {
  const rows: string[] = [];
  let bytes = 0;
  let filter = asked;
  for (let page = 0; page < pagesAnAnswer; page += 1) {
    const { transactions, next } = await coordinator.list(filter);
    for (const transaction of transactions) {
      await turnFor(transaction, coordinator);
      const row = JSON.stringify(encodeTransaction(transaction));
      bytes += row.length;
      rows.push(row);
    }
    if (next === '' || rows.length >= asked.limit || bytes >= mostBytes) return { rows, next };
    filter = { ...asked, position: next, limit: asked.limit - rows.length };
  }
  return { rows, next: filter.position ?? '' };
}
