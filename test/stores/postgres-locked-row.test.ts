import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { until } from '../lib/until.ts';
import { postgresKind } from './lib/kinds.ts';
import { Scene } from './lib/scene.ts';

const kind = postgresKind();

describe('a coordinator on PostgreSQL, and somebody with psql', { skip: kind.missing ?? false }, () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.start(kind, 1);
  });
  after(() => scene?.stop());

  it('a row that psql has locked keeps only its own transaction waiting: a thousand others go on', async () => {
    const { owner } = scene;
    await scene.does(owner, 'prepare', { gid: 'locked', trans_type: 'tcc' });
    const holder = new pg.Client(scene.fixture.url);
    await holder.connect();
    await holder.query("begin; select 1 from holdfast.transactions where gid = 'locked' for update");
    const refused = owner.ask('submit', { gid: 'locked', trans_type: 'tcc' });
    const next = Array.from({ length: 1000 }, (_, index) => `free-${index}`)[Symbol.iterator]();
    const work = async () => {
      for (const gid of next) await scene.does(owner, 'submit', scene.saga(gid, 1, { wait_result: true }));
    };
    await Promise.all(Array.from({ length: 50 }, work));
    const answer = await refused;
    assert.equal(answer.status, 503, 'who waits for the locked one is told');
    assert.ok(answer.retryAfter !== undefined);
    await until('the log says which one', () =>
      owner.coordinator.logs.includes('transaction locked cannot be written, and is tried again: others go on'),
    );
    await holder.end();
    await until('it is served again', async () => {
      return (await owner.ask('submit', { gid: 'locked', trans_type: 'tcc' })).status === 200;
    });
  });
});
