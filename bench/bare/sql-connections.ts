import { loadSettings } from 'holdfast/config/load';
import { createStore } from 'holdfast/create-store';
import { Connection as MySqlConnection } from 'holdfast/store/mysql/connection';
import { Writer as MySqlWriter } from 'holdfast/store/mysql/rows/writer';
import { Connection as PostgresConnection } from 'holdfast/store/postgres/connection';
import { Writer as PostgresWriter } from 'holdfast/store/postgres/rows/writer';
import type { EncodedWrite } from 'holdfast/store/remote/encoded-write';
import type { CommitsAtOnce } from 'holdfast/store/store';
import type { RemoteKind } from '../stores.ts';

/** Tables of its own: coordinators on the others would take what it owns for a dead one's. */
const schema = 'bare';
const connectMs = 10_000;

/** One durable message. */
export type Send = (batch: readonly EncodedWrite[]) => Promise<readonly unknown[]>;

export interface Sender {
  readonly send: Send;
  /** As the store says of itself. */
  readonly commitsAtOnce: CommitsAtOnce;
}

/** The statement of the store over its driver, on connections of its own: as many as batches may be under way. */
export async function openSender(kind: RemoteKind, address: string): Promise<Sender> {
  const { hostname, port, username, pathname } = new URL(address);
  const host = { host: hostname, port: Number(port) };
  const settings = { user: username, password: '', database: pathname.slice(1), tls: () => undefined, connectMs };
  const store = await createStore(loadSettings({ flags: { 'store.url': address, 'store.schema': schema } }));
  await store.open();
  await store.close();
  const { commitsAtOnce = { most: 1, furtherRows: 1 } } = store;
  const idle: Send[] = [];
  for (let count = 0; count < commitsAtOnce.most; count += 1) {
    if (kind === 'postgres') {
      const connection = await PostgresConnection.open(host, settings);
      const writer = new PostgresWriter(schema);
      idle.push((batch) => writer.write(connection, batch));
    } else {
      const connection = await MySqlConnection.open(host, settings);
      const writer = new MySqlWriter(`${schema}_`);
      idle.push((batch) => writer.write(connection, batch));
    }
  }
  const send: Send = async (batch) => {
    const free = idle.pop();
    if (free === undefined) throw new Error('there are more batches than connections');
    const results = await free(batch);
    idle.push(free);
    return results;
  };
  return { send, commitsAtOnce };
}
