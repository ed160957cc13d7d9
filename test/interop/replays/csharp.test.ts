import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { failure } from '../../e2e/scripted-service.ts';
import { world } from '../../e2e/world.ts';
import { Replay } from './replay.ts';
import { csharp, csharpStreamed, go } from './sdk-requests.ts';

/** Every field of a transaction, as the SDK sends those it does not use. It has no `concurrent`. */
const unset = {
  custom_data: null,
  wait_result: false,
  timeout_to_fail: 0,
  request_timeout: 0,
  retry_interval: 0,
  retry_limit: 0,
  branch_headers: null,
  steps: null,
  payloads: null,
  query_prepared: null,
  protocol: null,
  rollback_reason: null,
};
const payload = '{"amount":30,"note":"<Müller & Söhne>"}';

describe('what the C# SDK sends', () => {
  const at = world();
  let sdk: Replay;

  // All over one connection, as .NET does.
  before(() => {
    sdk = new Replay(at().coordinator.url, csharp, { keepsConnection: true });
  });
  after(() => sdk.close());

  function transaction(gid: string, type: string, values: object = {}) {
    return { gid, trans_type: type, ...unset, ...values };
  }

  function saga(gid: string, values: object = {}) {
    const steps = [1, 2].map((step) => ({
      action: at().service.script(`/${gid}/action${step}`),
      compensate: at().service.script(`/${gid}/compensate${step}`),
    }));
    return transaction(gid, 'saga', { steps, payloads: [payload, payload], ...values });
  }

  const callsOf = (gid: string) =>
    at()
      .service.callsOf(gid)
      .map((path) => path.slice(gid.length + 2));

  for (const [platform, newline] of [
    ['Linux', '\n'],
    ['Windows', '\r\n'],
  ] as const) {
    it(`saga: indented, with nulls and escapes, from ${platform}; the payload arrives as it was`, async () => {
      const gid = await sdk.newGid();
      await sdk.does('submit', saga(gid), (request) => csharp(request, newline));
      await at().client.untilStatus(gid, 'succeed');
      assert.deepEqual(callsOf(gid), ['action1', 'action2']);
      const bodies = at()
        .service.arrived.filter(({ query }) => query['gid'] === gid)
        .map(({ body }) => body);
      assert.deepEqual(bodies, [payload, payload]);
    });
  }

  it('saga: sent in chunks', async () => {
    const gid = await sdk.newGid();
    await sdk.does('submit', saga(gid), csharpStreamed);
    await at().client.untilStatus(gid, 'succeed');
  });

  it('saga: who waits for the result is told of the rollback, and can ask for the state', async () => {
    const gid = await sdk.newGid();
    at().service.script(`/${gid}/action2`, failure);
    const answer = await sdk.post('submit', saga(gid, { wait_result: true }));
    assert.equal(answer.status, 409);
    assert.equal(JSON.parse(answer.body).dtm_result, 'FAILURE');
    assert.match(JSON.parse(answer.body).message, /no money/);
    const state = JSON.parse((await sdk.get(`query?gid=${gid}`)).body);
    assert.equal(state.transaction.status, 'failed');
    assert.deepEqual(callsOf(gid), ['action1', 'action2', 'compensate2', 'compensate1']);
  });

  it('message: prepared, then submitted', async () => {
    const gid = await sdk.newGid();
    const values = {
      steps: [{ action: at().service.script(`/${gid}/action1`) }],
      payloads: [payload],
      query_prepared: at().service.script(`/${gid}/query`),
    };
    await sdk.does('prepare', transaction(gid, 'msg', values));
    await sdk.does('submit', transaction(gid, 'msg', values));
    await at().client.untilStatus(gid, 'succeed');
    assert.deepEqual(callsOf(gid), ['action1']);
  });

  it('message: prepared, then aborted', async () => {
    const gid = await sdk.newGid();
    await sdk.does('prepare', transaction(gid, 'msg', { steps: [{ action: at().service.url }], payloads: ['{}'] }));
    await sdk.does('abort', transaction(gid, 'msg'));
    assert.equal(await at().client.statusOf(gid), 'failed');
  });

  it('TCC: a Go service registers below it, through the trailing slash of the C# address', async () => {
    const gid = await sdk.newGid();
    const branch = (id: string) => ({
      gid,
      trans_type: 'tcc',
      branch_id: id,
      data: payload,
      confirm: at().service.script(`/${gid}/confirm${id}`),
      cancel: at().service.script(`/${gid}/cancel${id}`),
    });
    await sdk.does('prepare', transaction(gid, 'tcc'));
    await sdk.does('registerBranch', branch('01'));
    await sdk.does('/registerBranch', branch('0101'), go);
    await sdk.does('submit', transaction(gid, 'tcc'));
    await at().client.untilStatus(gid, 'succeed');
    assert.deepEqual(callsOf(gid).toSorted(), ['confirm01', 'confirm0101']);
  });

  it('XA: a branch is registered, and told to roll back', async () => {
    const gid = await sdk.newGid();
    await sdk.does('prepare', transaction(gid, 'xa'));
    const url = at().service.script(`/${gid}/phase2`);
    await sdk.does('registerBranch', { gid, trans_type: 'xa', branch_id: '01', url });
    await sdk.does('abort', transaction(gid, 'xa'));
    await at().client.untilStatus(gid, 'failed');
    const arrived = at().service.arrived.filter(({ query }) => query['gid'] === gid);
    assert.deepEqual(
      arrived.map(({ method, body, query }) => [method, body, query['op']]),
      [['POST', '', 'rollback']],
    );
  });

  it('workflow: started, a step told, ended with its result', async () => {
    const gid = await sdk.newGid();
    const values = { query_prepared: at().service.url, custom_data: '{"name":"transfer","data":"e30="}' };
    const prepared = await sdk.post('prepareWorkflow', transaction(gid, 'workflow', values));
    const { transaction: stored, progresses } = JSON.parse(prepared.body);
    assert.deepEqual([prepared.status, stored.gid, stored.status, progresses], [200, gid, 'prepared', []]);
    const step = { gid, trans_type: 'workflow', branch_id: '01', op: 'action', status: 'succeed', data: payload };
    await sdk.does('registerBranch', step);
    const end = { status: 'succeed', rollback_reason: '', result: 'e30=' };
    await sdk.does('submit', transaction(gid, 'workflow', { req_extra: end }));
    assert.equal((await at().client.query(gid)).transaction['result'], 'e30=');
  });
});
