import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { world } from '../../e2e/world.ts';
import { Replay } from './replay.ts';
import { php } from './sdk-requests.ts';

const payload = '{"amount":30,"to":"Zoë"}';

describe('what the PHP SDK sends', () => {
  const at = world();
  let sdk: Replay;

  before(() => {
    sdk = new Replay(at().coordinator.url, php, { keepsConnection: false });
  });

  function branch(gid: string, id: string, name = id) {
    const [attempt, confirm, cancel] = ['try', 'confirm', 'cancel'].map((op) =>
      at().service.script(`/${gid}/${op}${name}`),
    );
    const urls = { try: attempt, confirm, cancel };
    return { gid, branch_id: id, trans_type: 'tcc', status: 'prepared', data: payload, ...urls };
  }

  const callsOf = (gid: string) =>
    at()
      .service.callsOf(gid)
      .map((path) => path.slice(gid.length + 2));

  it('TCC: branches 10 and 20 are confirmed, with slashes and letters as they were', async () => {
    const gid = await sdk.newGid();
    await sdk.does('prepare', { gid, trans_type: 'tcc' });
    for (const id of ['10', '20']) await sdk.does('registerTccBranch', branch(gid, id));
    await sdk.does('submit', { gid, trans_type: 'tcc' });
    await at().client.untilStatus(gid, 'succeed');
    assert.deepEqual(callsOf(gid).toSorted(), ['confirm10', 'confirm20']);
    for (const { query, body } of at().service.arrived) if (query['gid'] === gid) assert.equal(body, payload);
  });

  it('TCC: a tenth branch gets the id of the first, is refused, and all is cancelled', async () => {
    const gid = await sdk.newGid();
    await sdk.does('prepare', { gid, trans_type: 'tcc' });
    const ids = ['10', '20', '30', '40', '50', '60', '70', '80', '90'];
    for (const id of ids) await sdk.does('registerTccBranch', branch(gid, id));
    const refused = await sdk.post('registerTccBranch', branch(gid, '10', 'tenth'));
    assert.equal(refused.status, 500);
    await sdk.does('abort', { gid, trans_type: 'tcc' });
    await at().client.untilStatus(gid, 'failed');
    assert.deepEqual(
      callsOf(gid).toSorted(),
      ids.map((id) => `cancel${id}`),
    );
  });
});
