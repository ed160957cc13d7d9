import { parentPort, workerData } from 'node:worker_threads';
import { writeBackup } from '../backup/backup-file.ts';
import { checkpoint } from '../checkpoint.ts';
import { connect, Transactions, workerSettings } from '../connection.ts';
import { isLost, toStoreError } from '../errors.ts';
import { Listing } from '../rows/listing.ts';
import { Upkeep } from '../rows/upkeep.ts';
import type { Answer, Ask, Handlers, JobName, Reply } from './jobs.ts';

/**
 * The second connection, in a thread of its own: everything that may take longer than the event loop can stand still.
 * It gets one job at a time, and ends at the message `null`.
 */
const { path }: { readonly path: string } = workerData;
const port = parentPort;
if (port === null) throw new Error('worker.ts runs in a worker thread only');

const db = connect(path, workerSettings);
const transactions = new Transactions(db);
const listing = new Listing(db);
const upkeep = new Upkeep(db);

const handlers: Handlers = {
  list: (filter) => transactions.read('list', () => listing.page(filter)),
  owned: (ask) => transactions.read('owned', () => upkeep.owned(ask)),
  counts: (nowMs) => transactions.read('counts', () => upkeep.counts(nowMs)),
  listValues: (ask) => transactions.read('list of values', () => upkeep.listValues(ask)),
  purge: (ask) => transactions.write('purge', () => upkeep.purge(ask)),
  makeManyDue: (ask) => transactions.write('make due', () => upkeep.makeManyDue(ask)),
  checkpoint: (mode) => checkpoint(db, mode),
  backup: (ask) => writeBackup(db, ask),
};

async function replyTo<K extends JobName>(name: K, ask: Ask<K>): Promise<Reply<K>> {
  try {
    const answer: Answer<K> = await handlers[name](ask);
    return { kind: 'answer', answer };
  } catch (error) {
    const known = toStoreError(error, name, path);
    return { kind: 'error', code: known.code, message: known.message, isLost: isLost(known) };
  }
}

port.on('message', (job: { readonly name: JobName; readonly ask: Ask<JobName> } | null) => {
  if (job === null) {
    db.close();
    port.close();
    return;
  }
  void replyTo(job.name, job.ask).then((reply) => port.postMessage(reply));
});
