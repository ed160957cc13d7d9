import assert from 'node:assert/strict';
import { test } from 'node:test';
import { held, shown } from '../transport/http/testing.ts';
import { createLog } from './log.ts';
import type { LogLevel } from './log-line.ts';
import { Metrics } from './metrics.ts';
import { Observer } from './observer.ts';

function recorded(level: LogLevel, isReadable: boolean) {
  const lines: string[] = [];
  const log = createLog({ level, isReadable }, { write: (line) => lines.push(line) });
  return { log, lines };
}

test('what an error repeats of its cause is said once', () => {
  const { log, lines } = recorded('info', false);
  log.warn('trouble', {}, new Error('it is gone: no route', { cause: new Error('no route') }));
  assert.equal(JSON.parse(lines[0] ?? '').error.message, 'it is gone: no route');
});

test('one JSON object a line, with the causes of an error', () => {
  const { log, lines } = recorded('info', false);
  log.debug('hidden');
  log.info('started', { port: 1, host: 'x\ny' });
  log.warn('trouble', {}, new Error('outer', { cause: new Error('inner') }));
  assert.equal(lines.length, 2);
  const [started, trouble] = lines.map((line) => JSON.parse(line));
  assert.match(started.time, /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual({ ...started, time: 0 }, { level: 'info', time: 0, port: 1, host: 'x\ny', msg: 'started' });
  assert.deepEqual([trouble.level, trouble.error.message], ['warn', 'outer: inner']);
  assert.match(trouble.error.stack, /log\.test/);
});

test('a readable line is one line, whatever is in it', () => {
  const { log, lines } = recorded('debug', true);
  log.warn('two\nlines \u001b[31mred', { gid: 'a\nb\u2028c', path: '/a/b', n: 1, none: undefined }, new Error('why'));
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? '',
    /^\d\d:\d\d:\d\d\.\d{3} WARN {2}two\\nlines \\u\{1b\}\[31mred gid="a\\nb\\u\{2028\}c" path=\/a\/b n=1 error=why\n$/,
  );
});

test('levels leave out what is less important', () => {
  for (const [level, count] of [
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
  ] as const) {
    const { log, lines } = recorded(level, false);
    for (const write of [log.debug, log.info, log.warn, log.error]) write('x');
    assert.deepEqual([lines.length, log.isDebug], [count, level === 'debug'], level);
  }
});

test('Q34: the observer logs what happens at debug, trouble at its level, and never a payload or header', () => {
  const hears = (level: LogLevel) => {
    const { log, lines } = recorded(level, false);
    const fatals: unknown[] = [];
    const metrics = new Metrics({ version: '0', coordinator: 'host:1', countsTimeoutMs: 1 });
    const observer = new Observer({ metrics, log, fatal: (error) => fatals.push(error) });
    const steps = [{ branchId: '01', action: 'http://h/?token=secret', compensate: '', payload: 'secret' }];
    const options = { ...shown().definition.options, branchHeaders: { authorization: 'secret' } };
    const transaction = held(shown({ steps, options }, { reason: 'secret' }));
    observer.created(transaction);
    observer.attempted(transaction, 1, { kind: 'failure', message: 'secret' }, 1.23456);
    observer.moved(transaction, 'prepared');
    observer.answered('POST', '/api/dtmsvr/submit', 200, 1);
    observer.answered('GET', '', 404, 1);
    observer.warned('a claim failed', new Error('busy'));
    observer.broke('/api/dtmsvr/submit', new Error('defect'));
    observer.fatal('gone');
    assert.deepEqual(fatals, ['gone']);
    assert.doesNotMatch(lines.join(''), /secret/);
    return lines.map((line) => JSON.parse(line));
  };
  assert.deepEqual(
    hears('info').map(({ level, msg }) => [level, msg]),
    [
      ['warn', 'a claim failed'],
      ['error', 'a request failed because of a defect'],
      ['error', 'the store is lost: the process ends'],
    ],
  );
  const [created, called, moved, request, lost] = hears('debug').map(({ time: _, ...line }) => line);
  assert.deepEqual(created, {
    level: 'debug',
    gid: 'g1',
    type: 'saga',
    status: 'submitted',
    msg: 'transaction created',
  });
  assert.deepEqual(called, {
    level: 'debug',
    gid: 'g1',
    op: 'action',
    operation: 1,
    outcome: 'failure',
    ms: 1.235,
    msg: 'branch called',
  });
  assert.deepEqual(moved, {
    level: 'debug',
    gid: 'g1',
    type: 'saga',
    from: 'prepared',
    to: 'submitted',
    msg: 'transaction moved',
  });
  assert.deepEqual(request, {
    level: 'debug',
    method: 'POST',
    route: '/api/dtmsvr/submit',
    status: 200,
    ms: 1,
    msg: 'request',
  });
  assert.deepEqual(lost, { level: 'debug', method: 'GET', status: 404, ms: 1, msg: 'request' });
});

test('what a request brought otherwise than is stored is a warning, and counted', async () => {
  const { log, lines } = recorded('info', false);
  const metrics = new Metrics({ version: '', coordinator: 'host:1', countsTimeoutMs: 1 });
  const observer = new Observer({ metrics, log, fatal: () => undefined });
  const steps = [{ branchId: '01', action: 'http://a', compensate: '', payload: '' }];
  const stored = held(shown({ steps }, { ignoredFields: ['steps', 'payloads'] }));
  observer.ignored(stored, ['steps', 'payloads']);
  observer.moved(stored, 'prepared');
  const [line] = lines.map((text) => JSON.parse(text));
  assert.equal(lines.length, 1);
  assert.deepEqual([line.level, line.gid, line.fields], ['warn', stored.definition.gid, 'steps, payloads']);
  assert.match((await metrics.exposition()).text, /^holdfast_ignored_fields_total\{type="saga"\} 1$/m);
});

test('a saga or a message that is submitted without steps is a warning, and counted', async () => {
  const { log, lines } = recorded('info', false);
  const metrics = new Metrics({ version: '', coordinator: 'host:1', countsTimeoutMs: 1 });
  const observer = new Observer({ metrics, log, fatal: () => undefined });
  observer.created(held(shown({ type: 'saga' })));
  observer.moved(held(shown({ type: 'msg' })), 'prepared');
  observer.created(held(shown({ type: 'msg' }, { status: 'prepared' })));
  observer.moved(held(shown({ type: 'tcc' })), 'prepared');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ level, type }) => [level, type]),
    [
      ['warn', 'saga'],
      ['warn', 'msg'],
    ],
  );
  assert.match((await metrics.exposition()).text, /^holdfast_submitted_without_steps_total\{type="saga"\} 1$/m);
});

test('what an operator decided is a line of the log, and counted', async () => {
  const { log, lines } = recorded('info', false);
  const metrics = new Metrics({ version: '', coordinator: 'host:1', countsTimeoutMs: 1 });
  const observer = new Observer({ metrics, log, fatal: () => undefined });
  const decision = { kind: 'rollback', atMs: 1, status: 'submitted', reason: 'not sold any more' } as const;
  observer.decided(held(shown({ type: 'saga' })), decision);
  const [line] = lines.map((text) => JSON.parse(text));
  assert.deepEqual(
    [line.level, line.msg, line.decision, line.status, line.reason],
    ['info', 'an operator decided', 'rollback', 'submitted', 'not sold any more'],
  );
  const { text } = await metrics.exposition();
  assert.match(text, /^holdfast_operator_decisions_total\{type="saga",decision="rollback"\} 1$/m);
});

test('what cannot be read is told to the log, the metrics and the webhook', async () => {
  const { log, lines } = recorded('info', false);
  const metrics = new Metrics({ version: '', coordinator: 'host:1', countsTimeoutMs: 1 });
  let owed = 0;
  const alert = () => {
    owed += 1;
  };
  const observer = new Observer({ metrics, log, alert, fatal: () => undefined });
  const incident = 'unreadable: a stored progress cannot be read (format 2)';
  observer.unreadable(
    { gid: 'g', type: 'saga', status: 'submitted', incident, owner: null, version: 2, createdMs: 1 },
    false,
  );
  const [line] = lines.map((text) => JSON.parse(text));
  assert.deepEqual([line.level, line.gid, line.incident], ['warn', 'g', incident]);
  assert.equal(owed, 1);
  const { text } = await metrics.exposition();
  assert.match(text, /holdfast_incidents_raised_total\{type="saga",kind="decision",incident="unreadable"\} 1/);
});

test('a webhook that does not take alerts is one warning until it does, and every try is counted', async () => {
  const { log, lines } = recorded('info', false);
  const metrics = new Metrics({ version: '', coordinator: 'host:1', countsTimeoutMs: 1 });
  const observer = new Observer({ metrics, log, fatal: () => undefined });
  const alert = { gid: 'g', status: 'submitted', branch: '', error: '', retry_count: 0, kind: 'failing' } as const;
  const refused = { kind: 'refused', reason: 'HTTP 400' } as const;
  const unavailable = { kind: 'unavailable', reason: 'no answer' } as const;
  for (const result of [refused, unavailable, refused]) observer.alerted(result, alert);
  for (let times = 0; times < 2; times += 1) observer.alerted({ kind: 'sent' }, alert);
  const told = lines.map((text) => JSON.parse(text)).map(({ level, reason, msg }) => [level, reason, msg]);
  assert.deepEqual(told, [
    ['warn', 'HTTP 400', 'the alert webhook does not accept an alert'],
    ['info', undefined, 'the alert webhook accepts alerts again'],
  ]);
  const { text } = await metrics.exposition();
  for (const [result, count] of [
    ['sent', 2],
    ['refused', 2],
    ['unavailable', 1],
  ]) {
    assert.ok(text.includes(`holdfast_alerts_total{result="${result}"} ${count}\n`), `${result}`);
  }
});
