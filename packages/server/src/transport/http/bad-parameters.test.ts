import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Started, start } from './testing.ts';

let started: Started;

before(async () => {
  started = await start();
});
after(() => started.server.close(0));

test('P10: a parameter that is not percent-encoded UTF-8 is refused by its name on every route, and asks nothing', async () => {
  for (const [method, path, name] of [
    ['GET', '/api/dtmsvr/subscribe?topic=%ff&url=http://a', 'topic'],
    ['GET', '/api/dtmsvr/subscribe?topic=t&url=http://a&remark=%C3', 'remark'],
    ['GET', '/api/dtmsvr/unsubscribe?topic=%zz', 'topic'],
    ['GET', '/api/dtmsvr/query?gid=%ED%A0%80', 'gid'],
    ['GET', '/api/dtmsvr/all?position=%00', 'position'],
    ['GET', '/api/dtmsvr/scanKV?cat=%', 'cat'],
    ['GET', '/api/dtmsvr/resetCronTime?limit=%fe', 'limit'],
    ['GET', '/api/dtmsvr//query?gid=%ff', 'gid'],
    ['DELETE', '/api/dtmsvr/topic/%ff', 'topicName'],
    ['DELETE', '/api/dtmsvr/topic/%00', 'topicName'],
    ['DELETE', '/api//dtmsvr/topic/%zz', 'topicName'],
    ['GET', '/api/v1/transactions/%ff', 'gid'],
    ['GET', '/api/v1/transactions/%zz', 'gid'],
    ['GET', '/api/v1/transactions/%00', 'gid'],
    ['GET', '/api/v1/transactions/g?note=%ff', 'note'],
    ['GET', '/api/v1/transactions?gidPrefix=%ff', 'gidPrefix'],
    ['POST', '/api/v1/transactions/%ff/rollback', 'gid'],
  ] as const) {
    const response = await fetch(started.base + path, { method });
    const { message } = JSON.parse(await response.text());
    assert.deepEqual([response.status, message.split(':')[0]], [400, name], path);
  }
  assert.deepEqual(started.coordinator.asked, []);
});
