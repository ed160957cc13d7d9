import type { Settings } from '../config/schema.ts';
import { readVersion } from '../config/version.ts';
import { createStore } from '../create-store.ts';
import { UsageError } from './error.ts';
import { openFailure } from './failures.ts';

export interface MigrateOptions {
  readonly dryRun?: boolean;
  readonly finish?: boolean;
}

/** Changes the tables of a store on a server, or prints the SQL that would. */
export async function migrate(settings: Settings, { dryRun = false, finish = false }: MigrateOptions): Promise<void> {
  const store = await createStore(settings);
  if (store.migrate === undefined || store.migrationScript === undefined) {
    throw new UsageError(
      'migrate is for PostgreSQL and MySQL, which store.url names. The data folder of the embedded store is migrated by the start of its coordinator',
    );
  }
  try {
    if (dryRun) {
      process.stdout.write(await store.migrationScript({ isFinish: finish }));
    } else {
      await store.migrate({ isFinish: finish });
      const done = finish ? 'there is nothing left that only earlier versions need' : 'all is there that it needs';
      console.log(`holdfast ${readVersion()} ${store.place?.()}: ${done}`);
    }
  } catch (error) {
    throw openFailure(error, settings);
  }
}
