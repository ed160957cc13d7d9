import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { until } from '../../lib/until.ts';
import type { ClusterNode } from './cluster.ts';
import type { StoreKind } from './kinds.ts';
import { testLeaving } from './leaving.ts';
import { Scene, success } from './scene.ts';

/**
 * Looks of a node at the rows of others after something is committed, until it must know of it: one may have been under
 * way. They are a second apart; the unit tests of the engine show that.
 */
const mostLooks = 2;
/** Those limits are counted in looks. This is for the machine, which may be busy. */
const generousMs = 8000;

/** What a transaction's client or an operator asks for may be asked of any node, whichever drives it. */
export function testEveryNode(kind: StoreKind): void {
  describe(`three coordinators on one ${kind.name}: each serves each transaction`, {
    skip: kind.missing ?? false,
  }, () => {
    let scene: Scene;
    before(async () => {
      scene = await Scene.start(kind, 3);
    });
    after(() => scene?.stop());
    /** Runs the same, at the same time, once for each node. */
    const atEach = (run: (node: ClusterNode, index: number) => Promise<void>) =>
      Promise.all(scene.cluster.nodes.map((node, index) => run(node, index)));
    const looksOf = () => Promise.all(scene.cluster.nodes.map((node) => node.storeCount('changed')));

    it('wait_result: a second after the owner at the latest, with what it answers there, and with one read a second for all who wait', async (t) => {
      const ends = [
        { gid: 'waited-well', answer: 200, expected: [200, success] },
        { gid: 'waited-refused', answer: 409, expected: [409, undefined] },
        { gid: 'waited-later', answer: 425, expected: [409, undefined] },
      ];
      const wait = async ({ gid, answer, expected }: (typeof ends)[number]) => {
        const asked = await scene.running(scene.owner, gid);
        const looksBefore = await looksOf();
        const beganMs = performance.now();
        const waiters = scene.cluster.nodes.flatMap((node) =>
          Array.from({ length: 10 }, async () => {
            const said = await node.ask('submit', { ...asked, wait_result: true });
            return { node, said, atMs: performance.now() };
          }),
        );
        await until('they have waited for some looks', async () => {
          const looks = await looksOf();
          return looks.every((count, index) => count >= (looksBefore[index] ?? 0) + 2);
        });
        const looksNow = await looksOf();
        const waitedS = (performance.now() - beganMs) / 1000;
        for (const [index, count] of looksNow.entries()) {
          const looks = count - (looksBefore[index] ?? 0);
          assert.ok(looks <= waitedS + mostLooks, `${looks} reads in ${waitedS} s for ten who wait`);
        }
        scene.service.release(`/${gid}/0`, answer);
        // Those at the owner were told once it was written. Whoever looks from now on sees it.
        const atOwner = await Promise.all(waiters.slice(0, 10));
        const looksThen = await looksOf();
        const answers = [...atOwner, ...(await Promise.all(waiters.slice(10)))];
        const looksAfter = await looksOf();
        const endedMs = Math.max(...atOwner.map(({ atMs }) => atMs));
        const lateMs = Math.max(...answers.map(({ atMs }) => atMs)) - endedMs;
        t.diagnostic(`${gid}: ${Math.round(lateMs)} ms after the owner`);
        for (const { node, said } of answers) {
          const text = expected[1] === undefined ? undefined : said.text;
          assert.deepEqual([said.status, text], expected, `${node.name} ${said.text}`);
        }
        for (const [index, count] of looksAfter.entries()) {
          assert.ok(count - (looksThen[index] ?? 0) <= mostLooks, `${count - (looksThen[index] ?? 0)} looks`);
        }
        assert.ok(lateMs < generousMs, `${lateMs} ms`);
        if (answer === 425) await scene.does(scene.owner, 'forceStop', { gid });
      };
      await Promise.all(ends.map(wait));
    });

    it('a stop and a rollback reach the calls of the owner within 1.5 s', async (t) => {
      await atEach(async (node) => {
        const gid = `stopped-by-${node.name}`;
        await scene.running(scene.owner, gid, 2);
        await scene.does(node, 'forceStop', { gid });
        const [stoppedMs, looks] = [performance.now(), await scene.owner.storeCount('changed')];
        await until(`the call of ${gid} is cut`, () => scene.service.calls(`/${gid}/0`)[0]?.cutMs !== undefined);
        const more = (await scene.owner.storeCount('changed')) - looks;
        const tookMs = (scene.service.calls(`/${gid}/0`)[0]?.cutMs ?? 0) - stoppedMs;
        t.diagnostic(`stopped at ${node.name}: the call was cut ${Math.round(tookMs)} ms later`);
        assert.ok(more <= mostLooks && tookMs < generousMs, `${more} looks, ${tookMs} ms`);
        for (const other of scene.cluster.nodes) assert.equal(await scene.statusOf(other, gid), 'failed');
      });
      await atEach(async (node) => {
        const gid = `turned-by-${node.name}`;
        await scene.running(scene.owner, gid, 2);
        const { status, text } = await node.http.post(`/api/v1/transactions/${gid}/rollback`, { reason: 'withdrawn' });
        assert.equal(status, 200, text);
        const [turnedMs, looks] = [performance.now(), await scene.owner.storeCount('changed')];
        await scene.untilStatus(node, gid, 'aborting');
        const more = (await scene.owner.storeCount('changed')) - looks;
        const tookMs = performance.now() - turnedMs;
        t.diagnostic(`rolled back at ${node.name}: the owner knew ${Math.round(tookMs)} ms later`);
        assert.ok(more <= mostLooks && tookMs < generousMs, `${more} looks, ${tookMs} ms`);
        scene.service.release(`/${gid}/0`);
        await scene.untilStatus(node, gid, 'failed');
        assert.equal(scene.service.calls(`/${gid}/0-back`).length, 1);
        assert.equal(scene.service.calls(`/${gid}/1`).length, 0, 'nothing goes forward any more');
      });
    });

    it('prepare, registrations, submit and abort, each at another node', async () => {
      await atEach(async (first, index) => {
        const [second, third] = [scene.cluster.node(index + 1), scene.cluster.node(index + 2)];
        for (const type of ['tcc', 'xa'] as const) {
          for (const end of ['submit', 'abort'] as const) {
            const gid = `${type}-${end}-${index}`;
            const url = (branch: string, op: string) => `${scene.service.url}/${gid}/${branch}/${op}`;
            await scene.does(first, 'prepare', { gid, trans_type: type });
            for (const [branch, node] of [
              ['01', second],
              ['02', third],
              ['03', first],
            ] as const) {
              const urls =
                type === 'xa'
                  ? { url: url(branch, 'xa') }
                  : { data: '{}', confirm: url(branch, 'confirm'), cancel: url(branch, 'cancel') };
              await scene.does(node, 'registerBranch', { gid, trans_type: type, branch_id: branch, ...urls });
            }
            await scene.does(third, end, { gid, trans_type: type });
            await scene.untilStatus(first, gid, end === 'submit' ? 'succeed' : 'failed');
            const late = { gid, trans_type: type, branch_id: '04', url: url('04', 'xa'), confirm: '', cancel: '' };
            assert.equal((await second.ask('registerBranch', late)).status, 409);
            const op = type === 'xa' ? 'xa' : end === 'submit' ? 'confirm' : 'cancel';
            for (const branch of ['01', '02', '03']) {
              assert.equal(scene.service.calls(`/${gid}/${branch}/${op}`).length, 1, `${gid} ${branch} ${op}`);
            }
          }
        }
        const message = {
          gid: `msg-${index}`,
          trans_type: 'msg',
          query_prepared: `${scene.service.url}/msg-${index}/query`,
          steps: [{ action: `${scene.service.url}/msg-${index}/0` }],
          payloads: ['{}'],
        };
        await scene.does(first, 'prepare', message);
        await scene.does(second, 'submit', message);
        await scene.untilStatus(third, message.gid, 'succeed');
        assert.equal(scene.service.calls(`/msg-${index}/0`).length, 1);
      });
    });

    it('a workflow that each of its requests continues at another node', async () => {
      await atEach(async (first, index) => {
        const [second, third] = [scene.cluster.node(index + 1), scene.cluster.node(index + 2)];
        const gid = `workflow-${index}`;
        const asked = {
          gid,
          trans_type: 'workflow',
          query_prepared: `${scene.service.url}/${gid}`,
          custom_data: JSON.stringify({ name: 'book', data: Buffer.from('{"id":1}').toString('base64') }),
        };
        assert.equal((await first.ask('prepareWorkflow', asked)).status, 200);
        for (const [branch, node] of [
          ['01', second],
          ['02', third],
        ] as const) {
          const step = {
            gid,
            trans_type: 'workflow',
            branch_id: branch,
            op: 'action',
            status: 'succeed',
            data: branch,
          };
          await scene.does(node, 'registerBranch', step);
        }
        const resumed = await third.ask('prepareWorkflow', asked);
        const { progresses } = JSON.parse(resumed.text) as { progresses: { branch_id: string; bin_data: string }[] };
        assert.deepEqual(
          progresses.map(({ branch_id, bin_data }) => [branch_id, Buffer.from(bin_data, 'base64').toString()]),
          [
            ['01', '01'],
            ['02', '02'],
          ],
        );
        await scene.does(second, 'submit', {
          gid,
          trans_type: 'workflow',
          req_extra: { status: 'succeed', result: 'b2s=' },
        });
        const { transaction } = (await first.read(`/api/dtmsvr/query?gid=${gid}`)) as {
          transaction: { status: string; result: string };
        };
        assert.deepEqual([transaction.status, transaction.result], ['succeed', 'b2s=']);
      });
    });

    it('a retry that is asked for at another node: at once, while it sleeps and while it is driven', async () => {
      await atEach(async (node) => {
        const gid = `retried-by-${node.name}`;
        scene.service.release(`/${gid}/0`, 500);
        await scene.does(scene.owner, 'submit', scene.saga(gid, 1, { retry_interval: 3600 }));
        await until(`${gid} waits for its time`, async () => (await node.show(gid)).owner === null);
        await scene.does(node, 'resetNextCronTime', { gid });
        await scene.untilCalled(`/${gid}/0`, 2);
        scene.service.release(`/${gid}/0`, 200);
        await until(`${gid} waits again`, async () => (await node.show(gid)).owner === null);
        await scene.does(node, 'resetNextCronTime', { gid });
        await scene.untilStatus(node, gid, 'succeed');
      });
      // One step of two has failed while the other is out: it is driven, and waits for its time.
      await atEach(async (node) => {
        const gid = `hurried-by-${node.name}`;
        scene.service.release(`/${gid}/1`, 500);
        await scene.running(scene.owner, gid, 2, {
          retry_interval: 3600,
          custom_data: '{"concurrent":true,"orders":{}}',
        });
        await scene.untilCalled(`/${gid}/1`);
        scene.service.release(`/${gid}/1`, 200);
        const looks = await scene.owner.storeCount('changed');
        await until(`${gid} is driven`, async () => (await node.show(gid)).ownerName === scene.owner.name);
        await scene.does(node, 'resetNextCronTime', { gid });
        await until('the owner has looked', async () => (await scene.owner.storeCount('changed')) >= looks + mostLooks);
        scene.service.release(`/${gid}/0`, 200);
        await scene.untilStatus(node, gid, 'succeed');
      });
    });

    it('show says who drives; query and list answer the same everywhere', async () => {
      const gids = ['seen-0', 'seen-1', 'seen-2'];
      const names = scene.cluster.nodes.map(({ name }) => name);
      await atEach(async (node, index) => {
        const gid = gids[index] ?? '';
        scene.service.hold(`/${gid}/0`);
        await scene.does(node, 'submit', scene.saga(gid));
        await scene.untilCalled(`/${gid}/0`);
      });
      await atEach(async (node, index) => {
        for (const [of, gid] of gids.entries()) {
          const { isDrivenHere, ownerName, inFlight } = await node.show(gid);
          const isIts = of === index;
          assert.deepEqual([isDrivenHere, ownerName, inFlight.length], [isIts, names[of], isIts ? 1 : 0]);
        }
        const { stdout } = await node.coordinator.command('show', gids[0] ?? '');
        assert.match(stdout, index === 0 ? /^ {2}driven by this node$/m : /^ {2}driven by .*node-0/m);
      });
      const everywhere = async (path: string) => {
        const [first, ...others] = await Promise.all(scene.cluster.nodes.map((node) => node.read(path)));
        for (const other of others) assert.deepEqual(other, first, path);
        return first as { transactions: { gid: string }[] };
      };
      const listed = await everywhere('/api/v1/transactions?gidPrefix=seen-');
      assert.deepEqual(listed.transactions.map(({ gid }) => gid).sort(), gids);
      for (const gid of gids) scene.service.release(`/${gid}/0`);
      await Promise.all(gids.map((gid) => scene.untilStatus(scene.owner, gid, 'succeed')));
      for (const path of [
        '/api/v1/transactions?gidPrefix=seen-',
        '/api/dtmsvr/all?status=succeed&limit=1000',
        ...gids.map((gid) => `/api/dtmsvr/query?gid=${gid}`),
      ]) {
        await everywhere(path);
      }
    });

    it('topics: what one node subscribes, each other knows at once', async () => {
      await atEach(async (first, index) => {
        const [second, third] = [scene.cluster.node(index + 1), scene.cluster.node(index + 2)];
        const topic = `topic-${index}`;
        const urls = ['one', 'two'].map((name) => `${scene.service.url}/${topic}/${name}`);
        for (const [url, node] of [
          [urls[0], first],
          [urls[1], second],
        ] as const) {
          const query = new URLSearchParams({ topic, url: url ?? '', remark: '' });
          assert.equal((await node.http.get(`/api/dtmsvr/subscribe?${query}`)).status, 200);
        }
        const known = (await third.read(`/api/dtmsvr/queryKV?cat=topics&key=${topic}`)) as object;
        for (const url of urls) assert.ok(JSON.stringify(known).includes(url), url);
        const message = {
          trans_type: 'msg',
          steps: [{ action: `topic://${topic}` }],
          payloads: ['1'],
          wait_result: true,
        };
        await scene.does(third, 'submit', { gid: `news-${index}`, ...message });
        for (const name of ['one', 'two']) assert.equal(scene.service.calls(`/${topic}/${name}`).length, 1);
        assert.equal((await third.http.delete(`/api/dtmsvr/topic/${topic}`)).status, 200);
        assert.equal((await first.ask('submit', { gid: `old-${index}`, ...message })).status, 400);
      });
    });

    testLeaving(() => scene);

    it('nothing is left, and nobody complained', async () => {
      assert.deepEqual(await scene.fixture.leftovers(), { unfinished: 0, owners: 0 });
      assert.doesNotMatch(scene.cluster.logs, /Warning:|[Uu]nhandled|internal error|not driven|cannot be driven/);
    });
  });
}
