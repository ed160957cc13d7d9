import { callbackOf, delayOf, readCustomData } from './custom-data.ts';
import { invalid } from './error.ts';
import { orderOf, orderOfSaga } from './step-order.ts';
import { type Defaults, type Definition, limits, type Plan } from './transaction.ts';

/**
 * What follows from a definition and the defaults alone: intervals, time-outs, and the order of the steps.
 * @param mostEdges what `orders` may list; what is stored already is followed, however long it is
 * @throws HoldfastError INVALID_INPUT naming `custom_data` or `orders` where they cannot be followed
 */
export function planOf(definition: Definition, defaults: Defaults, mostEdges: number = limits.orderEdges): Plan {
  const { options, type, steps } = definition;
  // Of a tcc and an xa it says nothing.
  const custom = type === 'msg' || type === 'workflow' ? readCustomData(definition.customData) : {};
  const { concurrent, before, after, topological, listed } =
    type === 'saga'
      ? orderOfSaga(steps.length, definition.customData)
      : orderOf(steps.length, type === 'msg' && options.concurrent);
  if (listed > mostEdges) {
    throw invalid('custom_data.orders', `must list at most ${mostEdges} steps to wait for, all lists together`);
  }
  const retryIntervalMs = baseInterval(definition, defaults);
  const preparedTimeoutMs = options.timeoutToFailMs || defaults.timeoutToFailMs;
  return {
    before,
    after,
    topological,
    requestTimeoutMs: options.requestTimeoutMs || (type === 'workflow' ? callbackTimeoutMs : defaults.requestTimeoutMs),
    retryIntervalMs,
    backoffCapMs: Math.max(defaults.backoffCapMs, retryIntervalMs),
    alertAfterErrors: defaults.alertAfterErrors,
    timeoutMs: type === 'saga' ? options.timeoutToFailMs : preparedTimeoutMs,
    preparedTimeoutMs,
    concurrent,
    delayMs: type === 'msg' ? delayOf(custom) : 0,
    ...(type === 'workflow' && { callback: callbackOf(custom) }),
  };
}

/** A callback runs the rest of a workflow before it answers. */
const callbackTimeoutMs = 60_000;

/** dtm's rule: retry_interval, else a shorter timeout_to_fail, else the default. */
function baseInterval({ options }: Definition, defaults: Defaults): number {
  if (options.retryIntervalMs > 0) return options.retryIntervalMs;
  if (options.timeoutToFailMs > 0 && options.timeoutToFailMs < defaults.retryIntervalMs) return options.timeoutToFailMs;
  return defaults.retryIntervalMs;
}
