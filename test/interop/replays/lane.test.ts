import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHead } from '../../../packages/server/src/transport/http/lane/head-reader.ts';
import { csharp, csharpStreamed, go, node, php } from './sdk-requests.ts';

const host = '127.0.0.1:36789';
const bodyless = { method: 'GET', path: '/api/dtmsvr/newGid', host } as const;
const submit = { method: 'POST', path: '/api/dtmsvr/submit', host, body: { gid: 'é', trans_type: 'saga' } } as const;

const headOf = (request: string) => request.slice(0, request.indexOf('\r\n\r\n') + 4);

test('what SDKs send is served by the lane, unless they do not know its length', () => {
  for (const sdk of [csharp, node, php]) assert.equal(readHead(headOf(sdk(bodyless)))?.path, bodyless.path, sdk.name);
  for (const sdk of [csharp, node, php, go]) {
    const request = sdk(submit);
    const read = readHead(headOf(request));
    assert.equal(read?.path, submit.path, sdk.name);
    assert.equal(read?.bodyBytes, Buffer.byteLength(request) - headOf(request).length, sdk.name);
  }
  assert.equal(readHead(headOf(csharpStreamed(submit))), undefined);
});
