import { utf8Length } from './attempts.ts';
import { HoldfastError, invalid } from './error.ts';
import { payloadTrouble, urlTrouble } from './target.ts';
import { limits, type Payload, type Step } from './transaction.ts';

const scheme = 'topic://';

/** The topic that an action names instead of a URL, or undefined. */
export function topicOf(action: string): string | undefined {
  return action.startsWith(scheme) ? action.slice(scheme.length) : undefined;
}

/** The topics that steps name, each once. */
export function topicsOf(steps: readonly Step[]): readonly string[] {
  if (!steps.some(({ action }) => action.startsWith(scheme))) return [];
  return [...new Set(steps.flatMap(({ action }) => topicOf(action) ?? []))];
}

/**
 * A step for each subscriber in the place of a step that names a topic (docs/http-api.md#topics). With several their
 * branch ids are `01-01`, `01-02` and so on; a single one is the branch `01` itself.
 * @param subscribers the URLs subscribed to a topic; none where it does not exist
 * @throws HoldfastError INVALID_INPUT `topic not found`, where there are more steps, or more bytes in them, than a
 *   transaction may have, or where a transaction of this protocol cannot call a subscriber
 */
export function expandTopics(
  steps: readonly Step[],
  protocol: string,
  subscribers: (topic: string) => readonly string[],
): readonly Step[] {
  const targets = steps.map(({ action }, index) => {
    const topic = topicOf(action);
    const urls = topic === undefined ? undefined : subscribers(topic);
    if (urls?.length === 0) throw notFound(index);
    return urls;
  });
  checkSize(steps, targets);
  checkCalls(steps, protocol, targets);
  return steps.flatMap((step, index) => {
    const urls = targets[index];
    if (urls === undefined) return step;
    const idOf = (place: number) =>
      urls.length === 1 ? step.branchId : `${step.branchId}-${String(place + 1).padStart(2, '0')}`;
    return urls.map((action, place) => ({ ...step, action, branchId: idOf(place) }));
  });
}

/** Before anything is made: a few topics in many steps stand for more than fits into memory. */
function checkSize(steps: readonly Step[], targets: readonly (readonly string[] | undefined)[]): void {
  const count = targets.reduce((sum, urls) => sum + (urls?.length ?? 1), 0);
  if (count > limits.steps) throw invalid('steps', `must be at most ${limits.steps} with all subscribers`);
  const bytes = steps.reduce((sum, { action, payload }, index) => {
    const urls = targets[index] ?? [action];
    return urls.reduce((all, url) => all + utf8Length(url), sum + urls.length * lengthOf(payload));
  }, 0);
  if (bytes > limits.transactionBytes) {
    throw invalid('payloads', `a transaction must be at most ${limits.transactionBytes} bytes with all subscribers`);
  }
}

function checkCalls(
  steps: readonly Step[],
  protocol: string,
  targets: readonly (readonly string[] | undefined)[],
): void {
  steps.forEach(({ payload }, index) => {
    const urls = targets[index] ?? [];
    if (urls.some((url) => urlTrouble(url, protocol) !== undefined)) {
      throw invalid(
        `steps[${index}].action`,
        `the topic has a subscriber that a message with protocol ${protocol} cannot call: a gRPC subscriber needs a grpc message; in a json-rpc message a URL with the text \`method\` must name the method in its query`,
      );
    }
    const trouble = urls.map((url) => payloadTrouble(url, protocol, payload)).find((text) => text !== undefined);
    if (trouble !== undefined) throw invalid(`payloads[${index}]`, trouble);
  });
}

const lengthOf = (payload: Payload) => (typeof payload === 'string' ? utf8Length(payload) : payload.length);

function notFound(step: number): HoldfastError {
  const field = `steps[${step}].action`;
  return new HoldfastError('INVALID_INPUT', `${field}: topic not found, or it has no subscriber`, { field });
}
