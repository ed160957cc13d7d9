/** Deadlocks and serialization failures on PostgreSQL, as the server reports them. */
import { after, before, describe } from 'node:test';
import { PostgresStore } from '../../packages/server/src/store/postgres/postgres-store.ts';
import { postgres } from '../../scripts/lib/toolchains/databases.ts';
import { type Meeting, testMetTransactions } from './lib/met-transactions.ts';
import { PostgresFixture } from './lib/postgres-fixture.ts';

const programs = postgres();

describe('what meets another transaction on PostgreSQL', { skip: 'missing' in programs && programs.missing }, () => {
  let fixture: PostgresFixture;
  let store: PostgresStore;
  before(async () => {
    if ('missing' in programs) return;
    fixture = await PostgresFixture.start(programs.found);
    store = new PostgresStore(fixture.settings());
    await store.open();
    // A sequence is counted up also by what is rolled back.
    await fixture.client.query(`
      create sequence public.met; create table public.meets (code text, times int); insert into public.meets values ('', 0);
      create function public.meet() returns trigger language plpgsql as $$
      declare wanted public.meets;
      begin
        select * into wanted from public.meets;
        if nextval('public.met') <= wanted.times then
          raise exception 'met by the test' using errcode = wanted.code;
        end if;
        return null;
      end $$`);
    const { rows } = await fixture.client.query("select tablename from pg_tables where schemaname = 'holdfast'");
    for (const { tablename } of rows) {
      await fixture.client.query(`create trigger meets before insert or update or delete on holdfast.${tablename}
        for each statement execute function public.meet()`);
    }
  });
  after(async () => {
    await store.close();
    await fixture.stop();
  });

  const meeting: Meeting = {
    codes: ['40P01', '40001'],
    meet: async (code, times) => {
      await fixture.client.query('update public.meets set code = $1, times = $2', [code, times]);
      await fixture.client.query("select setval('public.met', 1, false)");
    },
    met: async () => {
      const { rows } = await fixture.client.query('select last_value from public.met');
      return Number(rows[0]?.last_value);
    },
  };
  testMetTransactions(() => ({ store, meeting }));
});
