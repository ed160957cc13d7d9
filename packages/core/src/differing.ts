import { topicsOf } from './topic.ts';
import type { Definition, Options, Payload, Step } from './transaction.ts';

/** The content of a request. A field that it leaves out is empty or zero. */
type Asked = Omit<Definition, 'createdMs'>;

/**
 * Which of the fields that a submit cannot change it brought with other content than what is stored, by their names on
 * the wire. A field that it left out does not differ.
 */
export function differingFields(stored: Definition, asked: Asked): readonly string[] {
  const fields: string[] = [];
  // The creation has decided which URLs a topic stands for.
  if (asked.steps.length > 0 && topicsOf(asked.steps).length === 0) {
    if (!isSame(stored.steps, asked.steps, (step, other) => haveSameTargets(step, other))) fields.push('steps');
    if (!isSame(stored.steps, asked.steps, (step, other) => isSamePayload(step.payload, other.payload))) {
      fields.push('payloads');
    }
  }
  if (asked.queryPrepared !== '' && asked.queryPrepared !== stored.queryPrepared) fields.push('query_prepared');
  return fields;
}

/** By their names on the wire. Whether to wait for the result is each request's own. */
const optionNames: Readonly<Record<Exclude<keyof Options, 'waitResult'>, string>> = {
  timeoutToFailMs: 'timeout_to_fail',
  requestTimeoutMs: 'request_timeout',
  retryIntervalMs: 'retry_interval',
  branchHeaders: 'branch_headers',
  concurrent: 'concurrent',
  retryLimit: 'retry_limit',
};

/** As {@link differingFields}, and those that only the submit of a prepared gid can change. */
export function repeatedFields(stored: Definition, asked: Asked): readonly string[] {
  const fields = [...differingFields(stored, asked)];
  if (asked.customData !== '' && asked.customData !== stored.customData) fields.push('custom_data');
  const { branchHeaders, ...options } = asked.options;
  if (Object.keys(branchHeaders).length > 0 && !haveSameHeaders(stored.options.branchHeaders, branchHeaders)) {
    fields.push(optionNames.branchHeaders);
  }
  for (const name of Object.keys(optionNames) as (keyof typeof optionNames)[]) {
    if (name === 'branchHeaders' || !options[name] || options[name] === stored.options[name]) continue;
    fields.push(optionNames[name]);
  }
  return fields;
}

/** The same names with the same values. */
export function haveSameHeaders(stored: Options['branchHeaders'], asked: Options['branchHeaders']): boolean {
  const names = Object.keys(asked);
  return names.length === Object.keys(stored).length && names.every((name) => asked[name] === stored[name]);
}

function isSame<Item>(
  stored: readonly Item[],
  asked: readonly Item[],
  isSameItem: (stored: Item, asked: Item) => boolean,
): boolean {
  if (stored.length !== asked.length) return false;
  return stored.every((item, index) => {
    const other = asked[index];
    return other !== undefined && isSameItem(item, other);
  });
}

function haveSameTargets(stored: Step, asked: Step): boolean {
  return stored.action === asked.action && stored.compensate === asked.compensate;
}

/** Over HTTP a payload comes as text, over gRPC as bytes. */
function isSamePayload(stored: Payload, asked: Payload): boolean {
  if (typeof stored === 'string' && typeof asked === 'string') return stored === asked;
  const [one, other] = [bytesOf(stored), bytesOf(asked)];
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function bytesOf(payload: Payload): Uint8Array {
  return typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
}
