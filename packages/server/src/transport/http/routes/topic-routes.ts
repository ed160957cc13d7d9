import { invalid } from '@holdfast/core';
import type { Coordinator } from '../../../engine/coordinator.ts';
import { keptText } from '../../wire/fields.ts';
import { wholeNumber } from '../../wire/list.ts';
import type { KeyValues } from '../../wire/stored.ts';
import { encodeKeyValues, remarkParameter, subscriberUrl, topicParameter } from '../../wire/topic.ts';
import { type Answer, jsonAnswer, successAnswer } from '../answer.ts';
import type { Route, RouteParts } from './route.ts';

type PageLimits = Pick<RouteParts['settings'], 'listRows' | 'listBytes'>;

/** Topics and the records that they are (docs/http-api.md#topics). */
export function topicRoutes(coordinator: Coordinator, limits: PageLimits): readonly Route[] {
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
    { method: 'GET', name: 'scanKV', isRead: true, handle: (_, parameters) => scan(coordinator, parameters, limits) },
    { method: 'GET', name: 'queryKV', isRead: true, handle: (_, parameters) => query(coordinator, parameters, limits) },
  ];
}

async function scan(coordinator: Coordinator, parameters: URLSearchParams, limits: PageLimits): Promise<Answer> {
  const category = categoryOf(parameters);
  const rows = Math.min(limits.listRows, wholeNumber(parameters, 'limit', 1, 1_000_000_000) ?? 100);
  const afterKey = keptText(parameters.get('position') ?? '', 'position');
  const { records, next } = await pageOf(coordinator, category, afterKey, { rows, bytes: limits.listBytes });
  return jsonAnswer({ kv: encodeKeyValues(records), next_position: next });
}

/** Without a key the whole category. */
async function query(coordinator: Coordinator, parameters: URLSearchParams, limits: PageLimits): Promise<Answer> {
  const category = categoryOf(parameters);
  const key = keptText(parameters.get('key') ?? '', 'key');
  if (key === '') return jsonAnswer({ kv: encodeKeyValues(await all(coordinator, category, limits)) });
  const record = await coordinator.getValue(category, key);
  return jsonAnswer({ kv: encodeKeyValues(record === undefined ? [] : [record]) });
}

/** More than an answer should hold: page through them with scanKV. */
const mostRecords = 10_000;

async function all(coordinator: Coordinator, category: string, { listBytes }: PageLimits): Promise<KeyValues> {
  const { records, next } = await pageOf(coordinator, category, '', { rows: mostRecords, bytes: listBytes });
  if (next !== '') throw invalid('key', 'must not be empty, because there are too many keys: use scanKV');
  return records;
}

/** What is read at once: a record may be large. */
const readRecords = 20;

/** Records until there are so many, or so many bytes of them; `next` is empty where there are no more. */
async function pageOf(
  coordinator: Coordinator,
  category: string,
  afterKey: string,
  most: { readonly rows: number; readonly bytes: number },
): Promise<{ records: KeyValues; next: string }> {
  const records: KeyValues[number][] = [];
  let bytes = 0;
  for (;;) {
    const after = records.at(-1)?.key ?? afterKey;
    const found = await coordinator.listValues(category, after, readRecords);
    for (const record of found) {
      if (records.length >= most.rows || bytes >= most.bytes) return { records, next: records.at(-1)?.key ?? '' };
      records.push(record);
      bytes += record.value.length;
    }
    if (found.length < readRecords) return { records, next: '' };
  }
}

function categoryOf(parameters: URLSearchParams): string {
  const category = parameters.get('cat') ?? '';
  if (category === '') throw invalid('cat', 'must not be empty');
  return keptText(category, 'cat');
}
