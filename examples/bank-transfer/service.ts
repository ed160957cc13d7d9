/**
 * One bank as a process: `service.ts NAME DATABASE PORT COORDINATOR OWNER=BALANCE...`. It answers the coordinator's
 * branch calls, starts message transfers of its own, and lets the story hold a call at a chosen point, so that the
 * process can be killed exactly there.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Bank, Refused } from './bank.ts';
import { Barrier, readIdentity } from './barrier.ts';
import { callCoordinator } from './coordinator-client.ts';
import { isOperation, type Order, operate } from './operations.ts';

const [name = '', databasePath = '', port = '0', coordinator = '', ...openings] = process.argv.slice(2);
const bank = new Bank(databasePath);
for (const opening of openings) {
  const [owner = '', balance = '0'] = opening.split('=');
  bank.openAccount(owner, Number(balance));
}

/** How often each gid called this process. */
const calls = new Map<string, number>();

/** Where the next call waits for ever: the story kills this process, or the coordinator, at that point. */
let hold: { path: string; point: 'before' | 'after' } | undefined;
let held = 0;

function holdAt(path: string, point: 'before' | 'after'): Promise<void> {
  if (hold?.path !== path || hold.point !== point) return Promise.resolve();
  hold = undefined;
  held += 1;
  return new Promise(() => undefined);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

interface MessageOrder extends Order {
  readonly gid: string;
  readonly toUrl: string;
  readonly toOwner: string;
}

/**
 * A two-phase message from the side of the one who sends it: prepare, then the local transaction with the barrier's row
 * in it, then submit. Killed anywhere in between, the coordinator asks /message/query-prepared and decides by the row.
 */
async function sendByMessage({ gid, owner, amount, toUrl, toOwner }: MessageOrder): Promise<string> {
  const message = {
    gid,
    trans_type: 'msg',
    steps: [{ action: toUrl }],
    payloads: [JSON.stringify({ owner: toOwner, amount })],
    query_prepared: `http://127.0.0.1:${port}/message/query-prepared`,
    timeout_to_fail: 1,
    retry_interval: 1,
  };
  await callCoordinator(coordinator, 'prepare', message);
  await holdAt('/message/send', 'before');
  const call = { transType: 'msg', gid, branchId: '00', op: 'msg' };
  const passage = new Barrier(bank.db, call).run(() => bank.post(owner, -amount, gid, 'msg'));
  if (passage === 'late') throw new Refused('the coordinator asked before we paid; the message is off');
  await holdAt('/message/send', 'after');
  await callCoordinator(coordinator, 'submit', message);
  return 'sent';
}

async function answer(url: URL, body: string): Promise<unknown> {
  const path = url.pathname;
  if (isOperation(path)) {
    const call = readIdentity(url.searchParams);
    calls.set(call.gid, (calls.get(call.gid) ?? 0) + 1);
    await holdAt(path, 'before');
    const passage = operate(bank, path, JSON.parse(body), call);
    await holdAt(path, 'after');
    return { dtm_result: 'SUCCESS', passage };
  }
  switch (path) {
    case '/message/send':
      return { result: await sendByMessage(JSON.parse(body)) };
    case '/message/query-prepared': {
      const found = new Barrier(bank.db, readIdentity(url.searchParams)).queryPrepared();
      if (found === 'rolled-back') throw new Refused('the local transaction did not commit');
      return { dtm_result: 'SUCCESS' };
    }
    case '/seen':
      return { calls: calls.get(url.searchParams.get('gid') ?? '') ?? 0, held };
    case '/hold':
      hold = JSON.parse(body);
      held = 0;
      return {};
    default:
      throw new Error(`${name} has no route ${path}`);
  }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://bank');
    send(response, 200, await answer(url, await readBody(request)));
  } catch (error) {
    if (error instanceof Refused) send(response, 409, { dtm_result: 'FAILURE', message: error.message });
    else send(response, 500, { message: String(error) });
  }
}

createServer((request, response) => void handle(request, response)).listen(Number(port), '127.0.0.1');
