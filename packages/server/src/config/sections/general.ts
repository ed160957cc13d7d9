import { names, number, text } from '../setting.ts';
import { day, hour, minute, second, year } from '../units.ts';

/** What stands in no section: where the data is, and what holds for every transaction that asks for nothing else. */
export const general = {
  dataDir: text({
    default: './data',
    maxCharacters: 4096,
    allowed: 'the path of a folder',
    flag: true,
    description:
      'The folder of the embedded store, relative to where Holdfast is started. It is made where it is missing. Keep it on a local disk.',
  }),
  retryIntervalMs: number({
    default: 10 * second,
    from: second,
    to: year,
    dtm: 'RetryInterval (seconds)',
    description:
      'Base of the back-off for transactions that name no retry_interval. The first retry after an error comes at twice this, then it doubles; an ONGOING branch is asked again after exactly this.',
  }),
  requestTimeoutMs: number({
    default: 3 * second,
    from: 1,
    to: hour,
    dtm: 'RequestTimeout (seconds)',
    description: 'How long one branch call may take, for transactions that name no request_timeout.',
  }),
  timeoutToFailMs: number({
    default: 35 * second,
    from: second,
    to: year,
    dtm: 'TimeoutToFail (seconds)',
    description:
      'How long a transaction may stay prepared, where it names no timeout_to_fail: then a TCC is cancelled and a message asked about. A submitted saga without timeout_to_fail has no time-out.',
  }),
  backoffCapMs: number({
    default: 10 * minute,
    from: second,
    to: year,
    description:
      'The longest interval that back-off reaches. A transaction whose own retry_interval is longer keeps that.',
  }),
  retentionMs: number({
    default: 7 * day,
    from: minute,
    to: 10 * year,
    dtm: 'Store.DataExpire (seconds)',
    description:
      'How long a finished transaction can still be read; then it is deleted, and its gid is free again. Unfinished ones are never deleted. Barrier rows of services must live longer than this.',
  }),
  flushDelayMs: number({
    default: 100,
    from: 0,
    to: 10 * second,
    description:
      'Results of forward calls wait this long for another write of the same transaction to ride along with. A crash within it repeats those calls.',
  }),
  names: names({
    default: {},
    description:
      'Names that URLs of branches may use in the place of an address: `svc://orders/pay` is called at one of the addresses of `orders`, in turn, and at the next where one cannot be reached ([naming](naming.md)).',
  }),
};
