import { invalid } from '@holdfast/core';
import type { Coordinator } from '../../engine/coordinator.ts';
import { keptText } from '../wire/fields.ts';
import { wholeNumber } from '../wire/list.ts';
import type { KeyValues } from '../wire/stored.ts';
import { encodeKeyValues, remarkParameter, subscriberUrl, topicParameter } from '../wire/topic.ts';
import { type Answer, jsonAnswer, successAnswer } from './answer.ts';
import type { Route } from './routes.ts';

/** Topics and the records that they are: section 2.12 of server.md. */
export function topicRoutes(coordinator: Coordinator, listRows: number): readonly Route[] {
  const { topics } = coordinator;
  return [
    {
      method: 'GET',
      name: 'subscribe',
      handle: async (_, parameters) => {
        const subscriber = { url: subscriberUrl(parameters), remark: remarkParameter(parameters) };
        await topics.subscribe(topicParameter(parameters), subscriber);
        return successAnswer;
      },
    },
    {
      method: 'GET',
      name: 'unsubscribe',
      handle: async (_, parameters) => {
        await topics.unsubscribe(topicParameter(parameters), subscriberUrl(parameters));
        return successAnswer;
      },
    },
    {
      method: 'DELETE',
      name: 'topic/:topicName',
      handle: async (_, parameters) => {
        await topics.delete(topicParameter(parameters, 'topicName'));
        return successAnswer;
      },
    },
    { method: 'GET', name: 'scanKV', handle: (_, parameters) => scan(coordinator, parameters, listRows) },
    { method: 'GET', name: 'queryKV', handle: (_, parameters) => query(coordinator, parameters, listRows) },
  ];
}

async function scan(coordinator: Coordinator, parameters: URLSearchParams, most: number): Promise<Answer> {
  const category = categoryOf(parameters);
  const limit = Math.min(most, wholeNumber(parameters, 'limit', 1, 1_000_000_000) ?? 100);
  const afterKey = keptText(parameters.get('position') ?? '', 'position');
  const records = await coordinator.listValues(category, afterKey, limit + 1);
  const page = records.slice(0, limit);
  const next = records.length > limit ? (page.at(-1)?.key ?? '') : '';
  return jsonAnswer({ kv: encodeKeyValues(page), next_position: next });
}

/** Without a key the whole category. */
async function query(coordinator: Coordinator, parameters: URLSearchParams, pageRows: number): Promise<Answer> {
  const category = categoryOf(parameters);
  const key = keptText(parameters.get('key') ?? '', 'key');
  if (key === '') return jsonAnswer({ kv: encodeKeyValues(await all(coordinator, category, pageRows)) });
  const record = await coordinator.getValue(category, key);
  return jsonAnswer({ kv: encodeKeyValues(record === undefined ? [] : [record]) });
}

/** More than an answer should hold: page through them with scanKV. */
const mostRecords = 10_000;

async function all(coordinator: Coordinator, category: string, pageRows: number): Promise<KeyValues> {
  const records: KeyValues[number][] = [];
  for (;;) {
    const page = await coordinator.listValues(category, records.at(-1)?.key ?? '', pageRows);
    records.push(...page);
    if (page.length < pageRows) return records;
    if (records.length > mostRecords) throw invalid('key', 'must not be empty where there are so many: use scanKV');
  }
}

function categoryOf(parameters: URLSearchParams): string {
  const category = parameters.get('cat') ?? '';
  if (category === '') throw invalid('cat', 'must not be empty');
  return keptText(category, 'cat');
}
