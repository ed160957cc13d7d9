import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlainMetrics } from './plain-metrics.ts';

test('counters and histograms are shown in the text format of Prometheus', () => {
  const metrics = new PlainMetrics();
  const calls = metrics.counter('calls_total', 'Calls made.', ['type', 'op', 'outcome']);
  const seconds = metrics.histogram('seconds', 'How long.', ['type'], [0.1, 1]);
  metrics.counter('plain_total', 'Without labels.');
  calls.of('saga', 'action', 'ok').value += 2;
  calls.of('saga', 'action', 'a "quote", a \\ and a\nline').value += 1;
  for (const took of [0.05, 0.1, 0.5, 7]) seconds.of('saga').observe(took);
  assert.equal(
    metrics.text(),
    `# HELP calls_total Calls made.
# TYPE calls_total counter
calls_total{type="saga",op="action",outcome="ok"} 2
calls_total{type="saga",op="action",outcome="a \\"quote\\", a \\\\ and a\\nline"} 1

# HELP seconds How long.
# TYPE seconds histogram
seconds_bucket{le="0.1",type="saga"} 2
seconds_bucket{le="1",type="saga"} 3
seconds_bucket{le="+Inf",type="saga"} 4
seconds_sum{type="saga"} 7.65
seconds_count{type="saga"} 4

# HELP plain_total Without labels.
# TYPE plain_total counter
plain_total 0
`,
  );
});

test('a child is made once, whoever asks for it, and not shown before it has counted', () => {
  const metrics = new PlainMetrics();
  const calls = metrics.counter('calls_total', 'Calls made.', ['type', 'op']);
  assert.equal(calls.of('a', 'b'), calls.of('a', 'b'));
  assert.notEqual(calls.of('a', 'b'), calls.of('b', 'a'));
  assert.equal(metrics.text(), '# HELP calls_total Calls made.\n# TYPE calls_total counter\n');
});
