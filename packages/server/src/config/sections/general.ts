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
      'The folder of the embedded store. A relative path counts from where Holdfast is started. A missing folder is made. Keep it on a local disk.',
  }),
  nodeName: text({
    default: '',
    maxCharacters: 128,
    allowed: 'a name for people',
    flag: true,
    description:
      'The name of this coordinator in `holdfast nodes`, in `holdfast show` and in the metrics. Empty: the name of the machine and the port of HTTP.',
  }),
  retryIntervalMs: number({
    default: 10 * second,
    from: second,
    to: year,
    dtm: 'RetryInterval (seconds)',
    description:
      'The base of the back-off, for transactions that name no `retry_interval`. The first retry after an error comes after twice this time, and each further one doubles it. A branch that answers ONGOING is asked again after exactly this time.',
  }),
  requestTimeoutMs: number({
    default: 3 * second,
    from: 1,
    to: hour,
    dtm: 'RequestTimeout (seconds)',
    description: 'How long one branch call may take, for transactions that name no `request_timeout`.',
  }),
  timeoutToFailMs: number({
    default: 35 * second,
    from: second,
    to: year,
    dtm: 'TimeoutToFail (seconds)',
    description:
      'How long a transaction may stay prepared if it names no `timeout_to_fail`. Then a TCC or XA is rolled back, and Holdfast asks the sender of a message whether to send it. A submitted saga without `timeout_to_fail` has no time-out.',
  }),
  backoffCapMs: number({
    default: 10 * minute,
    from: second,
    to: year,
    description:
      'The longest interval that the back-off reaches. A transaction whose own `retry_interval` is longer keeps its own.',
  }),
  retentionMs: number({
    default: 7 * day,
    from: minute,
    to: 10 * year,
    dtm: 'Store.DataExpire (seconds)',
    description:
      'How long a finished transaction is kept. Then it is deleted, and its gid is free again. Unfinished transactions are never deleted. Services must keep their barrier rows longer than this.',
  }),
  flushDelayMs: number({
    default: 100,
    from: 0,
    to: 10 * second,
    description:
      'How long the result of a forward call may wait to be written together with the next write of its transaction. A crash within this time repeats the call.',
  }),
  names: names({
    default: {},
    description:
      'Names that URLs of branches may use instead of an address ([naming](naming.md)). `svc://orders/pay` is called at the addresses of `orders` in turn. If one cannot be reached, the next one is called.',
  }),
};
