import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SendingCall, SentAnswer } from '../engine/ports.ts';
import { sendingCall, uncut } from '../engine/testing/calls.ts';
import { BranchSender, type ClosableSender } from './branch-sender.ts';
import { callOf, messageOf, send } from './testing/services.ts';

function recorder(name: string, log: string[]): ClosableSender {
  return {
    send: (sending: SendingCall) => {
      log.push(`${name} ${sending.call.url}`);
      setImmediate(() => sending.ended({ outcome: { kind: 'success' }, durationMs: 0, health: 'ok' }));
      return uncut;
    },
    close: async () => {
      log.push(`${name} closed`);
    },
  };
}

test('the protocol of the transaction and the URL choose; gRPC is loaded once, at its first call', async () => {
  const log: string[] = [];
  const sender = new BranchSender({
    http: recorder('http', log),
    loadGrpc: async () => {
      log.push('loaded');
      return recorder('grpc', log);
    },
  });
  await send('http://h/a', { protocol: 'grpc' }, sender);
  await send('h:1/a.B/C', { protocol: 'http' }, sender);
  await send('http://h/?method=M', { protocol: 'json-rpc' }, sender);
  await Promise.all([send('h:1/a.B/C', { protocol: 'grpc' }, sender), send('h:1/a.B/D', { protocol: 'grpc' }, sender)]);
  await send('grpcs://h:1/a.B/C', { protocol: 'grpc' }, sender);
  await sender.close();
  assert.deepEqual(log, [
    'http http://h/a',
    'http h:1/a.B/C',
    'http http://h/?method=M',
    'loaded',
    'grpc h:1/a.B/C',
    'grpc h:1/a.B/D',
    'grpc grpcs://h:1/a.B/C',
    'http closed',
    'grpc closed',
  ]);
});

test('a client that cannot be loaded is an error of each call, and closing works all the same', async () => {
  const log: string[] = [];
  const sender = new BranchSender({
    http: recorder('http', log),
    loadGrpc: () => Promise.reject(new Error('torn file')),
  });
  const sent = await send('h:1/a.B/C', { protocol: 'grpc' }, sender);
  assert.match(messageOf(sent), /gRPC cannot be loaded: torn file/);
  assert.equal(sent.health, 'ok');
  await sender.close();
});

test('a client that cannot be loaded for want of a descriptor is loaded at a later call, and no call is charged for it', async () => {
  const log: string[] = [];
  let isShort = true;
  const sender = new BranchSender({
    http: recorder('http', log),
    loadGrpc: async () => {
      if (isShort) throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
      return recorder('grpc', log);
    },
  });
  const url = 'h:1/a.B/C';
  const sent = await send(url, { protocol: 'grpc' }, sender);
  assert.deepEqual([sent.outcome.kind, sent.health], ['error', 'local']);
  const withdrawn = await new Promise<SentAnswer>((ended) => {
    sender.send(sendingCall(callOf(url, { protocol: 'grpc' }), ended)).cut();
  });
  assert.equal(withdrawn.health, 'withdrawn');
  isShort = false;
  assert.equal((await send(url, { protocol: 'grpc' }, sender)).outcome.kind, 'success');
  await sender.close();
  assert.deepEqual(log, [`grpc ${url}`, 'http closed', 'grpc closed']);
});

test('a call that is cut while the client is being loaded ends at once, and is never sent', async () => {
  const log: string[] = [];
  const loading = Promise.withResolvers<ClosableSender>();
  const sender = new BranchSender({ http: recorder('http', log), loadGrpc: () => loading.promise });
  const call = callOf('h:1/a.B/C', { protocol: 'grpc' });
  const answers: SentAnswer[] = [];
  await new Promise<void>((ended) => {
    const cuttable = sender.send(
      sendingCall(call, (answer) => {
        answers.push(answer);
        ended();
      }),
    );
    cuttable.cut();
    cuttable.cut();
    assert.equal(answers.length, 0, 'never before cut has returned');
  });
  loading.resolve(recorder('grpc', log));
  await sender.close();
  assert.deepEqual(
    answers.map(({ health }) => health),
    ['withdrawn'],
  );
  assert.deepEqual(log, ['http closed', 'grpc closed']);
});
