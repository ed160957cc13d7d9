import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Counts, Store } from '../store/store.ts';
import { held, shown } from '../transport/http/testing.ts';
import { Metrics } from './metrics.ts';
import type { ScrapeSources } from './scrape.ts';
import { timedStore } from './timed-store.ts';

const settings = { version: '1.2.3', coordinator: 'host:1', countsTimeoutMs: 50 };
const counts: Counts = {
  unfinished: { prepared: 1, submitted: 2, aborting: 3 },
  incidents: 4,
  decisions: 1,
  owned: 3,
  due: 5,
  oldestDueMs: 7000,
};

function sources(given: Partial<ScrapeSources> = {}): ScrapeSources {
  return {
    counts: async () => counts,
    nowMs: () => 10_000,
    clock: () => ({ nowMs: 1000, wallMs: 3500, held: undefined }),
    active: () => ({ count: 6, bytes: 7000 }),
    destinations: () => ({
      inFlight: 8,
      refused: 9,
      origins: [
        { waiting: 1, breaker: 'open', routes: [{ breaker: 'closed' }] },
        { waiting: 2, breaker: 'closed', routes: [{ breaker: 'half-open' }, { breaker: 'open' }] },
      ],
    }),
    ...given,
  };
}

/** The samples whose names begin like this, one a line. */
async function samples(metrics: Metrics, ...prefixes: string[]): Promise<string[]> {
  const { text } = await metrics.exposition();
  return text.split('\n').filter((line) => prefixes.some((prefix) => line.startsWith(prefix)));
}

test('requests are counted by route and success, and timed', async () => {
  const metrics = new Metrics(settings);
  const answered = metrics.route('http', 'submit');
  answered(true, 3);
  answered(false, 30);
  answered(false, 3000);
  assert.deepEqual(await samples(metrics, 'dtm_server_process_total', 'dtm_server_response_duration_sum'), [
    'dtm_server_process_total{type="http",api="submit",status="ok"} 1',
    'dtm_server_process_total{type="http",api="submit",status="fail"} 2',
    'dtm_server_response_duration_sum{type="http",api="submit"} 3.033',
  ]);
});

test('Q19: calls, moves and ends are counted without labels that have no bound', async () => {
  const metrics = new Metrics(settings);
  const steps = [{ branchId: '01', action: 'http://h/a', compensate: '', payload: 'secret' }];
  const definition = { steps, createdMs: 1000 };
  const saga = held(shown(definition, { status: 'submitted' }));
  metrics.created(saga);
  metrics.attempted(saga, 1, { kind: 'success' }, 20);
  metrics.attempted(saga, 0, { kind: 'error', message: 'secret', retryAfterMs: 0 }, 20);
  metrics.attempted(saga, -1, { kind: 'ongoing', message: 'secret' }, 20);
  metrics.moved(held(shown(definition, { status: 'succeed', finishedMs: 3500 })), 'submitted');
  assert.deepEqual(
    await samples(
      metrics,
      'dtm_branch_process_total',
      'dtm_transaction_process_total',
      'dtm_transaction_handled_duration_sum',
      'holdfast_transactions',
      'holdfast_branch_call_duration_seconds_count',
    ),
    [
      'dtm_transaction_process_total{model="saga",status="ok"} 1',
      'dtm_transaction_handled_duration_sum{model="saga"} 2.5',
      'dtm_branch_process_total{model="saga",branchtype="action",status="ok"} 1',
      'dtm_branch_process_total{model="saga",branchtype="compensate",status="fail"} 1',
      'dtm_branch_process_total{model="saga",branchtype="msg",status="fail"} 1',
      'holdfast_branch_call_duration_seconds_count{type="saga",op="action",outcome="success"} 1',
      'holdfast_branch_call_duration_seconds_count{type="saga",op="compensate",outcome="error"} 1',
      'holdfast_branch_call_duration_seconds_count{type="saga",op="msg",outcome="ongoing"} 1',
      'holdfast_transactions_created_total{type="saga",status="submitted"} 1',
      'holdfast_transactions_moved_total{type="saga",from="submitted",to="succeed"} 1',
    ],
  );
  const { text } = await metrics.exposition();
  assert.doesNotMatch(text, /secret|g1/);
});

test('operations of the store are timed, also those that fail', async () => {
  const metrics = new Metrics(settings);
  const store = timedStore(
    {
      name: 'some',
      counts: async () => counts,
      load: async () => {
        throw new Error('away');
      },
    } as unknown as Store,
    (...told) => metrics.storeOperated(...told),
  );
  assert.equal(store.name, 'some');
  assert.equal(await store.counts(0), counts);
  await assert.rejects(store.load(['g']), /away/);
  assert.deepEqual(await samples(metrics, 'holdfast_store_duration_seconds_count'), [
    'holdfast_store_duration_seconds_count{operation="counts",result="ok"} 1',
    'holdfast_store_duration_seconds_count{operation="load",result="fail"} 1',
  ]);
});

test('the journal, warnings and the process are shown', async () => {
  const metrics = new Metrics(settings);
  metrics.watchProcess();
  metrics.journalCommitted(16, 2);
  metrics.warned();
  const shownNames = [
    'holdfast_journal_batch_rows_sum',
    'holdfast_journal_commit_duration_seconds_sum',
    'holdfast_warnings_total',
    'holdfast_info',
  ];
  assert.deepEqual(await samples(metrics, ...shownNames), [
    'holdfast_journal_batch_rows_sum 16',
    'holdfast_journal_commit_duration_seconds_sum 0.002',
    'holdfast_warnings_total 1',
    `holdfast_info{version="1.2.3",node="${process.version}",coordinator="host:1"} 1`,
  ]);
  assert.equal((await samples(metrics, 'nodejs_eventloop_lag_p99_seconds', 'process_cpu_seconds_total')).length, 2);
});

const storeGauges = [
  'holdfast_unfinished',
  'holdfast_incidents',
  'holdfast_due',
  'holdfast_oldest',
  'holdfast_counts_failed',
];

test('a scrape asks what is active, what is stored and how the destinations are', async () => {
  const metrics = new Metrics(settings);
  metrics.watch(sources());
  assert.deepEqual(await samples(metrics, 'holdfast_active', 'holdfast_destinations', ...storeGauges), [
    'holdfast_active_transactions 6',
    'holdfast_active_bytes 7000',
    'holdfast_unfinished_transactions{status="prepared"} 1',
    'holdfast_unfinished_transactions{status="submitted"} 2',
    'holdfast_unfinished_transactions{status="aborting"} 3',
    'holdfast_incidents{kind="decision"} 1',
    'holdfast_incidents{kind="failing"} 3',
    'holdfast_due_transactions 5',
    'holdfast_oldest_due_seconds 3',
    'holdfast_destinations_in_flight 8',
    'holdfast_destinations_waiting 3',
    'holdfast_destinations_breakers{of="origin",state="open"} 1',
    'holdfast_destinations_breakers{of="origin",state="half-open"} 0',
    'holdfast_destinations_breakers{of="route",state="open"} 1',
    'holdfast_destinations_breakers{of="route",state="half-open"} 1',
    'holdfast_counts_failed_total 0',
    'holdfast_destinations_refused_total 9',
  ]);
});

test('a store that fails or hangs costs its counts only, and is asked once', async () => {
  const metrics = new Metrics(settings);
  let answer: () => Promise<Counts> = async () => counts;
  let asked = 0;
  metrics.watch(
    sources({
      counts: () => {
        asked += 1;
        return answer();
      },
    }),
  );
  assert.equal((await samples(metrics, ...storeGauges)).length, 8);
  answer = () => Promise.reject(new Error('no'));
  assert.deepEqual(await samples(metrics, ...storeGauges), ['holdfast_counts_failed_total 1']);
  let release: (late: Counts) => void = () => undefined;
  answer = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  assert.deepEqual(await samples(metrics, ...storeGauges), ['holdfast_counts_failed_total 2']);
  assert.deepEqual(await samples(metrics, ...storeGauges), ['holdfast_counts_failed_total 3']);
  assert.equal(asked, 3, 'the one that hangs is not asked again');
  answer = async () => counts;
  release(counts);
  assert.equal((await samples(metrics, ...storeGauges)).length, 8);
});
