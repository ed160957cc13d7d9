import { loadSettings } from 'holdfast/config/load';
import { createStore } from 'holdfast/create-store';
import { Connection as MySqlConnection } from 'holdfast/store/mysql/connection';
import { Writer as MySqlWriter } from 'holdfast/store/mysql/rows/writer';
import { Connection as PostgresConnection } from 'holdfast/store/postgres/connection';
import { Writer as PostgresWriter } from 'holdfast/store/postgres/rows/writer';
import type { RemoteKind } from '../stores.ts';
import type { Send } from './sql-keeper.ts';

/** Tables of its own: coordinators on the others would take what it owns for a dead one's. */
const schema = 'bare';
const connectMs = 10_000;

/** The statement of the store over its driver, on connections of its own: as many as batches may be under way. */
export async function openSender(kind: RemoteKind, address: string, connections: number): Promise<Send> {
  const { hostname, port, username, pathname } = new URL(address);
  const host = { host: hostname, port: Number(port) };
  const settings = { user: username, password: '', database: pathname.slice(1), tls: () => undefined, connectMs };
  const store = await createStore(loadSettings({ flags: { 'store.url': address, 'store.schema': schema } }));
  await store.open();
  await store.close();
  const idle: Send[] = [];
  for (let count = 0; count < connections; count += 1) {
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
  return async (batch) => {
    const send = idle.pop();
    if (send === undefined) throw new Error('there are more batches than connections');
    const results = await send(batch);
    idle.push(send);
    return results;
  };
}
