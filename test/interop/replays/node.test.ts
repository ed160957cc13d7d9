import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Scripted } from '../../e2e/scripted-service.ts';
import { world } from '../../e2e/world.ts';
import { Replay } from './replay.ts';
import { node } from './sdk-requests.ts';

const payload = '{"amount":30}';
/** How services say it that were written with the old SDKs. */
const oldFailure: Scripted = { status: 200, body: '{"dtm_result":"FAILURE"}' };
const oldOngoing: Scripted = { status: 200, body: '{"dtm_result":"ONGOING"}' };

describe('what the Node SDK sends', () => {
  const at = world();
  let sdk: Replay;

  before(() => {
    sdk = new Replay(at().coordinator.url, node, { keepsConnection: false });
  });

  function saga(gid: string, values: object = {}) {
    const steps = [1, 2].map((step) => ({
      action: at().service.script(`/${gid}/action${step}`),
      compensate: at().service.script(`/${gid}/compensate${step}`),
    }));
    return { gid, trans_type: 'saga', steps, payloads: [payload, payload], ...values };
  }

  function branch(gid: string, id: string) {
    const [attempt, confirm, cancel] = ['try', 'confirm', 'cancel'].map((op) =>
      at().service.script(`/${gid}/${op}${id}`),
    );
    const urls = { try: attempt, confirm, cancel };
    return { gid, branch_id: id, trans_type: 'tcc', status: 'prepared', data: payload, ...urls };
  }

  const callsOf = (gid: string) =>
    at()
      .service.callsOf(gid)
      .map((path) => path.slice(gid.length + 2));

  it('saga: it succeeds', async () => {
    const gid = await sdk.newGid();
    await sdk.does('submit', saga(gid));
    await at().client.untilStatus(gid, 'succeed');
    assert.deepEqual(callsOf(gid), ['action1', 'action2']);
  });

  it('saga: concurrent, and in the order that it names', async () => {
    const gid = await sdk.newGid();
    const options = { concurrent: true, orders: { 0: [1] } };
    await sdk.does('submit', saga(gid, { custom_data: JSON.stringify(options) }));
    await at().client.untilStatus(gid, 'succeed');
    assert.deepEqual(callsOf(gid), ['action2', 'action1']);
  });

  it('saga: a failure told with status 200 rolls back', async () => {
    const gid = await sdk.newGid();
    at().service.script(`/${gid}/action2`, oldFailure);
    await sdk.does('submit', saga(gid));
    await at().client.untilStatus(gid, 'failed');
    assert.deepEqual(callsOf(gid), ['action1', 'action2', 'compensate2', 'compensate1']);
  });

  it('saga: an ongoing step told with status 200 is asked again', async () => {
    const gid = await sdk.newGid();
    at().service.script(`/${gid}/action1`, oldOngoing);
    await sdk.does('submit', saga(gid));
    await at().client.retryNow(gid);
    await at().client.untilStatus(gid, 'succeed', 20_000);
    assert.deepEqual(callsOf(gid), ['action1', 'action1', 'action2']);
  });

  it('message: without the fields that are not set', async () => {
    const gid = await sdk.newGid();
    const message = {
      gid,
      trans_type: 'msg',
      steps: [{ action: at().service.script(`/${gid}/action1`) }],
      payloads: [payload],
      query_prepared: at().service.script(`/${gid}/query`),
    };
    await sdk.does('prepare', message);
    await sdk.does('submit', message);
    await at().client.untilStatus(gid, 'succeed');
    assert.deepEqual(callsOf(gid), ['action1']);
  });

  it('TCC: registered through the old route, and confirmed', async () => {
    const gid = await sdk.newGid();
    await sdk.does('prepare', { gid, trans_type: 'tcc' });
    for (const id of ['01', '02']) await sdk.does('registerTccBranch', branch(gid, id));
    await sdk.does('submit', { gid, trans_type: 'tcc' });
    await at().client.untilStatus(gid, 'succeed');
    assert.deepEqual(callsOf(gid).toSorted(), ['confirm01', 'confirm02']);
  });

  it('TCC: aborted, and cancelled; later registrations are refused', async () => {
    const gid = await sdk.newGid();
    await sdk.does('prepare', { gid, trans_type: 'tcc' });
    await sdk.does('registerTccBranch', branch(gid, '01'));
    await sdk.does('abort', { gid, trans_type: 'tcc' });
    await at().client.untilStatus(gid, 'failed');
    assert.deepEqual(callsOf(gid), ['cancel01']);
    const refused = await sdk.post('registerTccBranch', branch(gid, '02'));
    assert.deepEqual([refused.status, JSON.parse(refused.body).dtm_result], [409, 'FAILURE']);
  });
});
