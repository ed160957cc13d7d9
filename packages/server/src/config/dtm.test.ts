import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dtmKeys } from './dtm.ts';
import type { Problem } from './error.ts';
import { schema, settings } from './schema.ts';
import { readYaml } from './yaml-file.ts';

/** dtm's own sample, every key with the value that it has by default. */
const sample = `
Store:
  Driver: 'boltdb'
  Host: 'localhost'
  Port: 3306
  User: 'root'
  Password: 'secret-of-the-store'
  Db: 'dtm'
  Schema: 'public'
  MaxOpenConns: 500
  MaxIdleConns: 500
  ConnMaxLifeTime: 5
  DataExpire: 604800
  FinishedDataExpire: 86400
  RedisPrefix: '{a}'
MicroService:
  Driver: 'default'
  Target: 'etcd://localhost:2379/dtmservice'
  EndPoint: 'localhost:36790'
HttpMicroService:
  Driver: 'default'
  RegistryType: 'nacos'
  RegistryAddress: '127.0.0.1:8848'
  RegistryOptions: '{}'
  Target: ''
  EndPoint: '127.0.0.1:36789'
TransCronInterval: 3
TimeoutToFail: 35
RetryInterval: 10
RequestTimeout: 3
HttpPort: 36789
GrpcPort: 36790
JsonRpcPort: 36791
UpdateBranchSync: 0
UpdateBranchAsyncGoroutineNum: 1
LogLevel: 'info'
Log:
  Outputs: 'stderr,app.log'
  RotationEnable: 0
  RotationConfigJSON: '{}'
TimeZoneOffset: '+8'
ConfigUpdateInterval: 3
AlertRetryLimit: 3
AlertWebHook: 'http://alerts/hook'
AdminBasePath: '/admin'
GrpcServiceConfig: '{"loadBalancingConfig": [{"round_robin": {}}]}'
`;

const read = (content: string) => readYaml(content, 'dtm.yaml', schema, settings);
const line = ({ origin, name, text }: Problem) => [origin, name, text].filter(Boolean).join(': ');
const problemsOf = (content: string) => read(content).problems.map(line);

test("every key of dtm's sample is understood or told of", () => {
  const { given, notes, problems, isOfDtm } = read(sample);
  assert.deepEqual(problems, []);
  assert.ok(isOfDtm);
  assert.deepEqual(Object.fromEntries(given.map(({ path, value }) => [path, value])), {
    'store.driver': 'sqlite',
    retentionMs: 604_800_000,
    timeoutToFailMs: 35_000,
    retryIntervalMs: 10_000,
    requestTimeoutMs: 3000,
    'http.port': 36789,
    'grpc.port': 36790,
    'log.level': 'info',
    'alert.afterErrors': 3,
    'alert.webhookUrl': 'http://alerts/hook',
  });
  const told = new Set([...notes.map(({ name }) => name), ...given.map(({ origin }) => origin.split(': ')[1])]);
  const silent = dtmKeys(settings).filter(({ key }) => !told.has(key));
  assert.deepEqual(
    silent.map(({ key }) => key),
    // No registry here either; nothing was given.
    ['MicroService.Driver', 'HttpMicroService.Target'],
  );
  assert.ok(!JSON.stringify(notes).includes('secret-of-the-store'));
});

test('the sample has every key that is documented, and no other', () => {
  const keys = [...sample.matchAll(/^( *)(\w+):(.*)$/gm)].flatMap(([, indent, name, value]) =>
    value === '' ? [] : `${indent === '' ? '' : '*.'}${name}`,
  );
  const known = dtmKeys(settings).map(({ key }) => key.replace(/^\w+\./, '*.'));
  assert.deepEqual(keys.sort(), known.sort());
});

test('where a value comes from is the line and the key of dtm', () => {
  const { given } = read('LogLevel: warn\nTimeoutToFail: 60\n');
  assert.deepEqual(given, [
    { path: 'log.level', origin: 'dtm.yaml:1: LogLevel', value: 'warn' },
    { path: 'timeoutToFailMs', origin: 'dtm.yaml:2: TimeoutToFail', value: 60_000 },
  ]);
});

test('a store that is not here, and a registry, stop the start and say what can be done', () => {
  const problems = (driver: string) => problemsOf(`Store:\n  Driver: ${driver}\n  Password: secret\n`);
  for (const driver of ['redis', 'sqlserver']) {
    assert.deepEqual(problems(driver), [
      `dtm.yaml:2: Store.Driver: ${driver} is not available in this version: write boltdb, or leave Store out`,
    ]);
  }
  for (const driver of ['mysql', 'postgres']) {
    assert.deepEqual(problems(driver), [
      'dtm.yaml:2: Store.Driver: the database is not taken from here: leave Store out, and name it in store.url ' +
        `(HOLDFAST_STORE_URL=${driver}://user:password@host:port/database)`,
    ]);
  }
  assert.match(problemsOf('Store: { Driver: cassandra }')[0] ?? '', /"cassandra" is not a store of dtm/);
  assert.match(
    problemsOf('MicroService: { Driver: dtm-driver-gozero }')[0] ?? '',
    /registries are not supported yet; .* dns:\/\/\/, dns\+srv:\/\/ and svc:\/\/ URLs; without them it is default/,
  );
});

test('times are whole seconds in the bounds of their setting', () => {
  for (const value of ['1.5', '-1', "'10'", '10s', '99999999999']) {
    assert.deepEqual(problemsOf(`RequestTimeout: ${value}`), [
      `dtm.yaml:1: RequestTimeout: ${value.replaceAll("'", '"').replace('10s', '"10s"')} is not allowed; ` +
        'allowed is a whole number of seconds from 1 to 3600',
    ]);
  }
});

test('105: what dtm refuses is refused of its file, too', () => {
  assert.match(problemsOf('RetryInterval: 1\n')[0] ?? '', /RetryInterval: should not be less than 10/);
  const contradiction = /^dtm\.yaml:2: TimeoutToFail should not be less than RetryInterval/;
  assert.match(problemsOf('RetryInterval: 20\nTimeoutToFail: 15\n')[0] ?? '', contradiction);
  assert.match(problemsOf('# as ever\nRetryInterval: 60\n')[0] ?? '', contradiction);
  assert.deepEqual(problemsOf('RetryInterval: 35\n'), []);
  assert.deepEqual(problemsOf('retryIntervalMs: 60000\n'), []);
});

test('an unknown key is an error with the nearest name, also within a section', () => {
  assert.deepEqual(problemsOf('TransCronInterva: 3\n'), [
    'dtm.yaml:1: TransCronInterva: is not a setting; did you mean TransCronInterval?',
  ]);
  assert.deepEqual(problemsOf('Store:\n  Drvier: boltdb\n'), [
    'dtm.yaml:2: Store.Drvier: is not a setting; did you mean Store.Driver?',
  ]);
  assert.deepEqual(problemsOf('Store: boltdb\n'), [
    'dtm.yaml:1: Store: is a section: write its settings, indented, below Store:',
  ]);
});

test('what is empty is as if it were not there', () => {
  const { given, notes, problems } = read(
    "Store:\n  Host: ''\n  Driver:\nLogLevel:\nMicroService:\nTimeZoneOffset: ''\n",
  );
  assert.deepEqual([given, notes, problems], [[], [], []]);
});

test('settings of both kinds may stand in one file, once each', () => {
  assert.deepEqual(read('HttpPort: 1\nnames: { a: [a:1] }\n').problems, []);
  assert.deepEqual(problemsOf('HttpPort: 1\nhttp:\n  port: 2\n'), [
    'dtm.yaml:3: http.port: was given already (dtm.yaml:1: HttpPort)',
  ]);
});

test('aliases are what they stand for; one of what it stands in is a problem, not a crash', () => {
  assert.equal(
    read('Store: &store { Driver: &d boltdb }\nLogLevel: &l warn\nLog: { Outputs: *l }\n').problems.length,
    0,
  );
  for (const [content, line] of [
    ['HttpPort: &p [*p]', 'HttpPort'],
    ['Store: &s { Driver: *s }', 'Store.Driver'],
    ['names: &n { a: *n }', 'names'],
  ]) {
    assert.match(
      problemsOf(`${content}\n`)[0] ?? '',
      new RegExp(`^dtm.yaml:1: ${line}: uses a YAML alias that contains itself`),
    );
  }
});
