import { invalid } from '@holdfast/core';
import { keptText } from './fields.ts';
import { checkedId } from './identity.ts';
import type { Parameters } from './list.ts';
import type { KeyValues } from './stored.ts';
import { anyUrl } from './url.ts';

/** A remark is for people: some sentences. */
const remarkCharacters = 1000;

/** The name of a topic, as a parameter. */
export function topicParameter(parameters: Parameters, name = 'topic'): string {
  const topic = parameters.get(name) ?? '';
  if (topic === '') throw invalid(name, 'empty topic');
  return checkedId(keptText(topic, name), name);
}

/** What is subscribed: the URL that a message's branch is called at, by messages of a protocol that can call it. */
export function subscriberUrl(parameters: Parameters): string {
  const url = parameters.get('url') ?? '';
  if (url === '') throw invalid('url', 'empty url');
  return anyUrl(url, 'url');
}

export function remarkParameter(parameters: Parameters): string {
  const remark = parameters.get('remark') ?? '';
  if (remark.length > remarkCharacters) throw invalid('remark', `must have at most ${remarkCharacters} characters`);
  return keptText(remark, 'remark');
}

/** Records as dtm's SQL stores show them; the row id is 0. */
export function encodeKeyValues(records: KeyValues): object[] {
  return records.map(({ category, key, value, version, createdMs, updatedMs }) => ({
    id: 0,
    create_time: new Date(createdMs).toISOString(),
    update_time: new Date(updatedMs).toISOString(),
    cat: category,
    k: key,
    v: value,
    version,
  }));
}
