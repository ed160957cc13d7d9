import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BranchOperation, createTransaction, type Definition, type TransactionType } from '@holdfast/core';
import type { NameBook } from './ports.ts';
import { checkTargets, isCalledAlike, noNames, uncallable, unknownName } from './targets.ts';
import { askedMessage, askedSaga, askedTcc, askedWorkflow, defaults } from './testing/asked.ts';

/** Knows one service. */
const names: NameBook = {
  trouble: (url) => (url.startsWith('svc://known/') ? undefined : 'must name a known service'),
  isGrpc: (url) => url.startsWith('svc://known/grpc.'),
};

function refusalOf(change: Partial<ReturnType<typeof askedSaga>>): string | undefined {
  return unknownName({ ...askedSaga('g', 2), ...change }, names)?.message;
}

test('a new transaction is refused by the field that names an unknown service', () => {
  const step = { branchId: '01', action: 'svc://known/a', compensate: 'svc://known/c', payload: '' };
  assert.equal(refusalOf({}), undefined, 'without names of services nothing is looked up');
  assert.equal(refusalOf({ steps: [step, step] }), undefined);
  const second = (field: Partial<typeof step>) => refusalOf({ steps: [step, { ...step, ...field }] });
  assert.match(second({ action: 'svc://other/a' }) ?? '', /^steps\[1\]\.action: must name/);
  assert.match(second({ compensate: 'svc://other/c' }) ?? '', /^steps\[1\]\.compensate: must name/);
  assert.match(unknownName(askedMessage('g', 1, 'svc://other/q'), names)?.message ?? '', /^query_prepared: must name/);
  assert.equal(unknownName(askedMessage('g', 1, 'svc://known/q'), names), undefined);
  assert.equal(
    unknownName({ ...askedSaga('g', 1), steps: [{ ...step, action: 'svc://other/a' }] }, noNames),
    undefined,
  );
});

const branch = (url: string, payload = '{}', op = 'confirm'): BranchOperation => ({ branchId: '01', op, url, payload });

test('what may be registered before its transaction is known is what every protocol calls alike', () => {
  const alike: [url: string, payload: string, isAlike: boolean][] = [
    ['', '{}', true],
    ['', 'no JSON', true],
    ['http://s/p', '{}', true],
    ['http://s/p', 'no JSON', true],
    ['http://s/p?method=m', '{}', true],
    ['http://s/method', '{}', false],
    ['http://s/p?method=m', 'no JSON', false],
    ['svc://s/p', '{}', false],
    ['s:1/a.B/C', '{}', false],
    ['ftp://s/p', '{}', false],
  ];
  for (const [url, payload, isAlike] of alike)
    assert.equal(isCalledAlike(branch(url, payload)), isAlike, `${url} ${payload}`);
});

test('a branch that its transaction cannot call is refused by the name that its registration has', () => {
  const check = (branches: BranchOperation[], type: TransactionType = 'tcc', protocol = 'http', gid = 'g') => {
    try {
      checkTargets({ gid, protocol }, type, branches, noNames);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message.replace(/:.*/s, '') : String(error);
    }
  };
  assert.equal(check([branch('http://s/p'), branch('')]), undefined);
  assert.equal(check([branch('http://s/p'), branch('ftp://s/p', '{}', 'cancel')]), 'cancel');
  assert.equal(check([branch('ftp://s/p')], 'xa'), 'url');
  assert.equal(check([branch('http://s/p?method=m', 'no JSON')], 'tcc', 'json-rpc'), 'data');
  assert.equal(check([branch('http://s/p?method=m')], 'tcc', 'json-rpc'), undefined);
  assert.equal(check([branch('s:1/a.B/C')], 'tcc', 'grpc', 'gid with ü'), 'gid');
  assert.equal(check([{ ...branch('s:1/a.B/C'), branchId: ' 01' }], 'tcc', 'grpc'), 'branch_id');
  assert.equal(check([{ ...branch('s:1/a.B/C'), branchId: '01 ' }], 'tcc', 'grpc'), 'branch_id');
  assert.equal(check([branch('http://s/p')], 'tcc', 'http', 'gid with ü'), undefined);
  assert.equal(check([branch('http://s/p?op=x')]), 'confirm');
  const named = (gid: string, branchId = '01') =>
    checkTargets({ gid, protocol: 'http' }, 'tcc', [{ ...branch('svc://known/grpc.B/C'), branchId }], names);
  named('g');
  assert.throws(() => named('g '), /^HoldfastError: gid: must be printable ASCII/);
  assert.throws(() => named('g', 'ü'), /^HoldfastError: branch_id: must be printable ASCII/);
  assert.throws(
    () => checkTargets({ gid: 'g', protocol: 'http' }, 'tcc', [branch('svc://other/p')], names),
    /^HoldfastError: confirm: must name/,
  );
});

test('a gid that gRPC cannot carry is refused wherever the transaction can be called by gRPC', () => {
  const refusal = (asked: Omit<Definition, 'createdMs'>, change: Partial<Definition> = {}) => {
    const definition = { ...asked, createdMs: 0, ...change };
    return uncallable(createTransaction(definition, 'prepared', defaults), names)?.message.replace(/:.*/s, '');
  };
  const step = (action: string, compensate = '') => ({ steps: [{ branchId: '01', action, compensate, payload: '' }] });
  for (const gid of [' g', 'g ', 'g\u00a0', 'gid ü', '張三', '\u3000g']) {
    const calls: [asked: Omit<Definition, 'createdMs'>, change: Partial<Definition>][] = [
      [askedSaga(gid, 1), { ...step('s:1/a.B/C'), protocol: 'grpc' }],
      [askedSaga(gid, 1), { ...step('http://s/a', 's:1/a.B/C'), protocol: 'grpc' }],
      [askedSaga(gid, 1), { ...step('s:1/a.B/C'), protocol: 'json-rpc' }],
      [askedSaga(gid, 1), { ...step('dns:///s:1/a.B/C'), protocol: 'grpc' }],
      [askedSaga(gid, 1), step('svc://known/grpc.B/C')],
      [askedSaga(gid, 1), step('http://s/a', 'svc://known/grpc.B/C')],
      [askedMessage(gid, 1, 'svc://known/grpc.B/C'), {}],
      [askedTcc(gid), { protocol: 'grpc' }],
      [askedTcc(gid), { protocol: 'grpc', type: 'xa' }],
      [askedWorkflow(gid), { protocol: 'grpc' }],
    ];
    for (const [asked, change] of calls) {
      assert.equal(refusal(asked, change), 'gid', JSON.stringify([gid, asked.type, change]));
      assert.equal(refusal({ ...asked, gid: 'a gid' }, change), undefined, 'a blank in the middle can be carried');
    }
    assert.equal(refusal(askedSaga(gid, 1), step('http://s/a')), undefined, 'HTTP carries every gid');
    assert.equal(refusal(askedTcc(gid)), undefined);
    assert.equal(refusal(askedSaga(gid, 1), { ...step('dns:///s:1/a'), protocol: 'http' }), undefined);
  }
});
