/**
 * A coordinator before its crash: the real engine, whose branch calls are scripted; on the embedded store it lives an hour
 * ago by its clock. It accepts sagas and brings each to the point where the crash finds it. Then it says so, and is killed.
 */
import type { Outcome } from '@holdfast/core';
import { loadSettings } from 'holdfast/config/load';
import { createStore } from 'holdfast/create-store';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import { Engine } from 'holdfast/engine/engine';
import type { AskedCall, Caller, Runtime } from 'holdfast/engine/ports';
import { systemRuntime } from 'holdfast/runtime';
import { serveCommands } from '../child.ts';
import { scattered } from '../load/kinds.ts';
import { storeKind } from '../options.ts';
import { pause } from '../slice.ts';
import { storeSettings } from '../stores.ts';
import { isOwned, type Point, pointOf } from './points.ts';

const hourMs = 3_600_000;
const acceptedAtOnce = 1000;
const [kindText = '', place = '', countText = '0', servicesPort = '', deadPort = ''] = process.argv.slice(2);
const kind = storeKind(kindText);
const count = Number(countText);

const anHourAgo: Runtime = { ...systemRuntime, wallMs: () => systemRuntime.wallMs() - hourMs };

type Answer = Outcome | 'none' | 'not now';

/** What the branches of a saga answer until it stands where it is to stand. */
function answerOf(point: Point, branchId: string, op: string): Answer {
  const success: Outcome = { kind: 'success' };
  const error: Outcome = { kind: 'error', message: 'HTTP 500', retryAfterMs: 0 };
  const isFirst = branchId === '01';
  switch (point) {
    case 'called':
      return 'none';
    case 'half done':
      return isFirst ? success : 'none';
    case 'rolling back':
      return op === 'compensate' ? 'none' : isFirst ? success : { kind: 'failure', message: 'no FAILURE' };
    case 'waiting':
      return 'not now';
    case 'to be repeated':
      return isFirst ? success : error;
    case 'roll-back to be repeated':
      return op === 'compensate' ? error : isFirst ? success : { kind: 'failure', message: 'no FAILURE' };
    default:
      return point satisfies never;
  }
}

const caller: Caller = {
  call(asked: AskedCall) {
    const { call } = asked;
    const answer = answerOf(pointOf(Number(call.gid.split('-')[1])), call.branchId, call.op);
    systemRuntime.soon(() => {
      // Due half an hour later by this clock: before the start after the crash.
      if (answer === 'not now') asked.done({ kind: 'not-called', untilMs: systemRuntime.monotonicMs() + hourMs / 2 });
      else if (!asked.mayGo()) asked.done({ kind: 'not-called', untilMs: undefined });
      else if (answer !== 'none') asked.done({ kind: 'answered', outcome: answer, durationMs: 1 });
    });
    return { cut: () => undefined };
  },
};

function asked(index: number): AskedTransaction {
  // By another digit than the point, so that all points are found on both sides.
  const isDead = deadPort !== '' && Math.floor(index / 10) % 2 === 1;
  const services = `http://127.0.0.1:${isDead ? deadPort : servicesPort}`;
  const step = (branchId: string, name: string, account: number) => ({
    branchId,
    action: `${services}/${name}`,
    compensate: `${services}/${name}Revert`,
    payload: `{"account":${account},"amount":30}`,
  });
  return {
    gid: `${scattered(index)}-${index}`,
    type: 'saga',
    protocol: 'http',
    steps: [step('01', 'out', 1), step('02', 'in', 2)],
    queryPrepared: '',
    options: {
      waitResult: false,
      timeoutToFailMs: 0,
      requestTimeoutMs: 60_000,
      // The first retry is due half an hour later by this clock.
      retryIntervalMs: hourMs / 4,
      branchHeaders: {},
      concurrent: false,
      retryLimit: 0,
    },
    customData: '',
  };
}

const settings = loadSettings({ flags: storeSettings(kind, place) });
const store = await createStore(settings);
await store.open();
const engine = new Engine({
  store,
  node: { name: 'former', version: '0' },
  caller,
  runtime: kind === 'sqlite' ? anHourAgo : systemRuntime,
  settings: {
    ...settings,
    active: { ...settings.active, maxActive: 2 * count + 1000, maxActiveBytes: 2 ** 40 },
    defaults: { ...settings, alertAfterErrors: settings.alert.afterErrors },
    workflowAnswers: { grpc: settings.grpc.messageLimitBytes, http: settings.http.bodyLimitBytes },
  },
  events: {
    attempted: () => undefined,
    created: () => undefined,
    moved: () => undefined,
    decided: () => undefined,
    ignored: () => undefined,
    incident: () => undefined,
    unreadable: () => undefined,
    journalCommitted: () => undefined,
    warned: (message, error) => {
      throw new Error(message, { cause: error });
    },
    fatal: (error) => {
      throw error;
    },
  },
});
await engine.start();

let next = 0;
async function accept(): Promise<void> {
  while (next < count) {
    const index = next;
    next += 1;
    await engine.submit(asked(index), false);
  }
}
await Promise.all(Array.from({ length: acceptedAtOnce }, accept));
let owned = 0;
for (let index = 0; index < count; index += 1) owned += isOwned(pointOf(index)) ? 1 : 0;
while (engine.activeCount > owned) await pause(0.05);
// The marks of the last answers ride along with nothing: they are flushed.
await pause((settings.flushDelayMs + 400) / 1000);
serveCommands({}, { owned: (await store.counts(systemRuntime.wallMs())).owned, accepted: count });
