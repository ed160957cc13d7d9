import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callKindOf } from '@holdfast/core';
import type { BranchCall, CallResult } from '../../engine/ports.ts';
import { askedCall, uncut } from '../../engine/testing/calls.ts';
import { ManualRuntime } from '../../engine/testing/manual-runtime.ts';
import { systemRuntime } from '../../runtime.ts';
import { DestinationCaller } from '../destinations/destination-caller.ts';
import { defaultDestinationLimits } from '../destinations/limits.ts';
import { callOf, sender, service, until } from '../testing/services.ts';
import { Rotation } from './address.ts';
import { Aliases } from './aliases.ts';
import type { Found, NameResolver } from './name-resolver.ts';
import { NamingCaller } from './naming-caller.ts';

const success: CallResult = { kind: 'answered', outcome: { kind: 'success' }, durationMs: 1 };
const errorOf = (message: string): CallResult => ({
  kind: 'answered',
  outcome: { kind: 'error', message, retryAfterMs: 7 },
  durationMs: 1,
});
const unreachable: CallResult = { ...errorOf('cannot connect'), isUnsent: true } as CallResult;
const refused = (untilMs: number | undefined): CallResult => ({ kind: 'not-called', untilMs });

/** A caller whose destinations the test answers for. */
class World {
  readonly runtime = new ManualRuntime();
  readonly called: BranchCall[] = [];
  readonly doubted: string[] = [];
  mayGo = true;
  waiting = 0;
  answerAfterMs = 0;
  #answers: CallResult[] = [];
  #resolved: ((found?: Found) => void) | undefined;
  readonly caller: NamingCaller;

  constructor(names: Readonly<Record<string, readonly string[]>> = { orders: ['http://a:1', 'http://b:2/base/'] }) {
    const address = { base: '10.0.0.1:80', authority: 'orders.shop:80', priority: 0, weight: 0 };
    const dns: NameResolver = {
      resolve: (_, done) => {
        this.#resolved = (found = { kind: 'found', rotation: new Rotation([address]) }) => done(found);
      },
      doubt: ({ name }) => this.doubted.push(name),
    };
    this.caller = new NamingCaller({
      runtime: this.runtime,
      aliases: new Aliases(names),
      dns,
      waits: () => {
        this.waiting += 1;
        return () => {
          this.waiting -= 1;
        };
      },
      next: {
        call: (asked) => {
          this.called.push(asked.call);
          const answer = asked.mayGo() ? (this.#answers.shift() ?? success) : refused(undefined);
          this.runtime.setTimer(this.answerAfterMs, () => asked.done(answer));
          return uncut;
        },
      },
    });
  }

  /** DNS answers. */
  resolved(found?: Found): void {
    this.#resolved?.(found);
  }

  async call(url: string, answers: CallResult[] = []): Promise<CallResult> {
    const results: CallResult[] = [];
    this.begin(url, answers, {}, results);
    await this.runtime.advance(this.answerAfterMs);
    assert.equal(results.length, 1, 'done is called once');
    return results[0] as CallResult;
  }

  begin(url: string, answers: CallResult[], more: Partial<BranchCall>, results: CallResult[]): void {
    this.#answers = answers;
    let hasReturned = false;
    const done = (result: CallResult) => {
      assert.ok(hasReturned, 'done came before call returned');
      results.push(result);
    };
    this.caller.call(askedCall(callOf(url, more), done, () => this.mayGo));
    hasReturned = true;
  }

  get urls(): string[] {
    return this.called.map(({ url }) => url);
  }
}

test('a URL that names no service passes by, the very same call', async () => {
  const world = new World();
  const call = callOf('http://a/b');
  world.caller.call(askedCall(call, () => undefined));
  assert.equal(world.called[0], call);
});

test('addresses take turns; the path and query follow the address', async () => {
  const world = new World();
  for (let round = 0; round < 3; round += 1) await world.call('svc://orders/pay?x=1');
  assert.deepEqual(world.urls, ['http://a:1/pay?x=1', 'http://b:2/base/pay?x=1', 'http://a:1/pay?x=1']);
});

test('where a breaker is open, or no connection can be made, the next one is tried, once', async () => {
  const world = new World();
  assert.deepEqual(await world.call('svc://orders/a', [refused(50)]), { ...success, durationMs: 0 });
  assert.deepEqual(await world.call('svc://orders/a', [unreachable]), { ...success, durationMs: 0 });
  assert.deepEqual(world.urls, ['http://a:1/a', 'http://b:2/base/a', 'http://b:2/base/a', 'http://a:1/a']);
});

test('an answer that is not sure to be unsent is never made again elsewhere', async () => {
  const outcomes = [
    errorOf('HTTP 500'),
    { ...success, outcome: { kind: 'failure', message: 'no money FAILURE' } } as CallResult,
    { ...success, outcome: { kind: 'ongoing', message: 'ONGOING' } } as CallResult,
  ];
  for (const outcome of outcomes) {
    const world = new World();
    await world.call('svc://orders/a', [outcome]);
    assert.equal(world.called.length, 1);
  }
});

test('an error says whose it is; what a service decided stays word for word', async () => {
  const world = new World();
  assert.deepEqual(await world.call('svc://orders/a', [unreachable, errorOf('HTTP 500')]), {
    kind: 'answered',
    outcome: { kind: 'error', message: 'a:1: cannot connect; b:2: HTTP 500', retryAfterMs: 7 },
    durationMs: 0,
  });
  const failure = { ...success, outcome: { kind: 'failure', message: 'no money FAILURE' } } as CallResult;
  assert.deepEqual(await world.call('svc://orders/a', [failure]), { ...failure, durationMs: 0 });
});

test('where all of them refuse it comes back when the first takes calls again', async () => {
  const world = new World();
  assert.deepEqual(await world.call('svc://orders/a', [refused(70), refused(50)]), refused(50));
});

test('where one was called in vain it is an attempt, whatever the others say', async () => {
  const world = new World();
  const result = await world.call('svc://orders/a', [unreachable, refused(50)]);
  assert.deepEqual(result, { ...errorOf('a:1: cannot connect'), durationMs: 0 });
  world.mayGo = false;
  assert.deepEqual(await world.call('svc://orders/a'), refused(undefined));
  assert.equal(world.called.length, 3, 'nobody else is asked once it may not go');
});

test('each address gets what is left of the time, and none is tried without', async () => {
  const world = new World({ orders: ['http://a:1', 'http://b:2', 'http://c:3'] });
  const results: CallResult[] = [];
  world.answerAfterMs = 600;
  world.begin('svc://orders/a', [unreachable, unreachable], { timeoutMs: 1000 }, results);
  await world.runtime.advance(1200);
  assert.deepEqual(
    world.called.map(({ timeoutMs }) => timeoutMs),
    [1000, 400],
  );
  assert.deepEqual(results, [{ ...errorOf('a:1: cannot connect; b:2: cannot connect'), durationMs: 1200 }]);
});

test('a name that was taken out of the settings is an error of the attempt, with clear words', async () => {
  const world = new World();
  const result = await world.call('svc://stock/a');
  assert.deepEqual(result, {
    kind: 'answered',
    outcome: {
      kind: 'error',
      message: 'no address of stock: svc://stock is no longer a name in the settings; put it back',
      retryAfterMs: 0,
    },
    durationMs: 0,
    isUnsent: true,
  });
});

test('a name that DNS tells is called by HTTP under its own name, unless the branch says another', async () => {
  const world = new World();
  const results: CallResult[] = [];
  world.begin('dns:///orders.shop:80/a', [], { headers: { k: 'v' } }, results);
  assert.equal(world.waiting, 1);
  world.resolved();
  await world.runtime.advance(0);
  assert.equal(world.waiting, 0);
  world.begin('dns:///orders.shop:80/a', [], { headers: { host: 'mine' } }, results);
  world.resolved();
  assert.deepEqual(world.urls, ['http://10.0.0.1:80/a', 'http://10.0.0.1:80/a']);
  assert.deepEqual(
    world.called.map(({ headers }) => headers),
    [
      { Host: 'orders.shop:80', k: 'v' },
      { Host: 'orders.shop:80', host: 'mine' },
    ],
  );
});

test('gRPC: what DNS tells in a grpc transaction, and the addresses of a name that say so', async () => {
  const world = new World({ orders: ['a:1', 'grpcs://b:2'] });
  await world.call('svc://orders/pkg.A/B');
  await world.call('svc://orders/pkg.A/B');
  world.begin('dns:///orders.shop:80/pkg.A/B', [], { protocol: 'grpc' }, []);
  world.resolved();
  assert.deepEqual(world.urls, ['a:1/pkg.A/B', 'grpcs://b:2/pkg.A/B', '10.0.0.1:80/pkg.A/B']);
  assert.deepEqual(
    world.called.map(({ protocol }) => protocol),
    ['grpc', 'grpc', 'grpc'],
  );
});

test('whether a call is one of JSON-RPC is for the URL of the branch to say, not for the address', async () => {
  const world = new World({ orders: ['http://a:1/methods'] });
  world.begin('svc://orders/pay', [], { protocol: 'json-rpc' }, []);
  world.begin('svc://orders/pay?method=Pay', [], { protocol: 'json-rpc' }, []);
  assert.deepEqual(
    world.called.map(({ url, protocol }) => [url, callKindOf(url, protocol)]),
    [
      ['http://a:1/methods/pay', 'http'],
      ['http://a:1/methods/pay?method=Pay', 'json-rpc'],
    ],
  );
});

test('nobody waits for DNS longer than the time-out of the call', async () => {
  const world = new World();
  const results: CallResult[] = [];
  world.begin('dns:///orders.shop:80/a', [], { timeoutMs: 1000 }, results);
  await world.runtime.advance(999);
  assert.deepEqual(results, []);
  await world.runtime.advance(1);
  assert.match(JSON.stringify(results), /no address of orders\.shop: DNS did not answer within 1000 ms/);
  assert.equal(world.waiting, 0);
  world.resolved();
  await world.runtime.advance(0);
  assert.equal(world.called.length, 0, 'an answer that comes too late calls nobody');
});

test('where no address could be reached they are looked up again', async () => {
  const world = new World();
  world.begin('dns:///orders.shop:80/a', [unreachable], {}, []);
  world.resolved();
  await world.runtime.advance(0);
  assert.deepEqual(world.doubted, ['orders.shop']);
});

test('names that are not there are refused, and those that are there are told', () => {
  const aliases = new Aliases({ orders: ['http://a:1'], stock: ['b:2'] });
  assert.equal(aliases.trouble('svc://orders/a'), undefined);
  assert.equal(aliases.trouble('http://a/b'), undefined);
  assert.equal(aliases.trouble('dns:///a:1/b'), undefined);
  assert.equal(aliases.trouble('svc://failure/a'), 'must be svc:// and a name of the settings: orders, stock');
  assert.match(aliases.trouble('svc://stock/a') ?? '', /package\.Service\/Method after its name/);
  assert.equal(aliases.trouble('svc://stock/pkg.A/B'), undefined);
  assert.match(new Aliases({}).trouble('svc://orders/a') ?? '', /a name of the settings, which have none/);
});

test('one of three services dies: every call still succeeds, on real connections', async () => {
  const services = [];
  for (let index = 0; index < 3; index += 1) services.push(await service((_, response) => response.end()));
  const next = new DestinationCaller({ sender, runtime: systemRuntime, limits: defaultDestinationLimits });
  const aliases = new Aliases({ orders: services.map(({ url }) => url) });
  const caller = new NamingCaller({ next, runtime: systemRuntime, aliases, dns: aliases });
  const call = () => new Promise<CallResult>((resolve) => caller.call(askedCall(callOf('svc://orders/a'), resolve)));
  for (let round = 0; round < 9; round += 1) assert.equal((await call()).kind, 'answered');
  assert.deepEqual(
    services.map(({ seen }) => seen.length),
    [3, 3, 3],
  );
  const [dead, ...alive] = services;
  dead?.server.closeAllConnections();
  await new Promise((resolve) => dead?.server.close(resolve));
  // A call on a connection that is being closed may have been sent.
  await until(() => sender.idleConnections === 2);
  for (let round = 0; round < 30; round += 1) {
    const result = await call();
    assert.ok(result.kind === 'answered' && result.outcome.kind === 'success', JSON.stringify(result));
  }
  assert.equal(
    alive.reduce((sum, { seen }) => sum + seen.length, 0),
    36,
  );
  const state = next.state().origins.find(({ origin }) => origin === dead?.url);
  assert.equal(state?.breaker, 'open', 'the dead one is not even tried any more');
});

test('a name that this machine cannot look up now is no error of the call', async () => {
  const world = new World();
  const results: CallResult[] = [];
  world.begin('dns:///orders.shop:80/a', [], {}, results);
  const untilMs = world.runtime.monotonicMs() + 1000;
  world.resolved({ kind: 'unknown', reason: 'no descriptors', isLocal: true });
  await world.runtime.advance(0);
  assert.deepEqual(results, [{ kind: 'not-called', untilMs, isLocal: true }]);
});
