import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBranch, readBranchMap } from './branch.ts';
import { field } from './testing.ts';

test('a tcc branch is two operations, cancel first', () => {
  const text =
    '{"branch_id":"01","cancel":"http://h/Cancel","confirm":"http://h/Confirm","data":"{\\"amount\\":30}","gid":"g","trans_type":"tcc","status":"prepared"}';
  assert.deepEqual(decodeBranch(readBranchMap(text)), {
    gid: 'g',
    type: 'tcc',
    branches: [
      { branchId: '01', op: 'cancel', url: 'http://h/Cancel', payload: '{"amount":30}' },
      { branchId: '01', op: 'confirm', url: 'http://h/Confirm', payload: '{"amount":30}' },
    ],
  });
});

test('an xa branch is two operations, rollback first, without a payload', () => {
  const map = { gid: 'g', trans_type: 'xa', branch_id: '01', url: 'http://h/xa', data: 'ignored' };
  assert.deepEqual(decodeBranch(map), {
    gid: 'g',
    type: 'xa',
    branches: [
      { branchId: '01', op: 'rollback', url: 'http://h/xa', payload: '' },
      { branchId: '01', op: 'commit', url: 'http://h/xa', payload: '' },
    ],
  });
});

test('a step of a workflow is one operation, with how it ended and its result', () => {
  const map = {
    gid: 'g',
    trans_type: 'workflow',
    branch_id: '01',
    op: 'any word',
    status: 'failed',
    data: 'why',
    sync: '1',
  };
  assert.deepEqual(decodeBranch(map), {
    gid: 'g',
    type: 'workflow',
    branches: [{ branchId: '01', op: 'any word', url: '', payload: 'why', state: 'f' }],
  });
});

test('registerBranch takes a map of strings', () => {
  for (const text of ['', '[]', 'null', '{"gid":"g","FAILURE":{}}']) {
    assert.equal(
      field(() => readBranchMap(text)),
      'body',
      text,
    );
  }
  assert.deepEqual(Object.entries(readBranchMap('{"gid":"a","data":null,"x":null,"GID":"b","gid":"c"}')), [
    ['gid', 'c'],
    ['data', ''],
  ]);
});

test('a bad branch is refused by the name of its field', () => {
  const branch = {
    gid: 'g',
    trans_type: 'tcc',
    branch_id: '01',
    confirm: 'http://h/c',
    cancel: 'http://h/d',
    data: '',
  };
  const cases: [string, object][] = [
    ['gid', { gid: '' }],
    ['trans_type', { trans_type: 'saga' }],
    ['trans_type', { trans_type: 'msg' }],
    ['url', { trans_type: 'xa', url: 'FAILURE' }],
    ['op', { trans_type: 'workflow', status: 'succeed' }],
    ['op', { trans_type: 'workflow', status: 'succeed', op: 'x'.repeat(46) }],
    ['status', { trans_type: 'workflow', op: 'action' }],
    ['status', { trans_type: 'workflow', op: 'action', status: 'prepared' }],
    ['branch_id', { branch_id: '' }],
    ['branch_id', { branch_id: 'x'.repeat(129) }],
    ['confirm', { confirm: 'FAILURE' }],
    ['cancel', { cancel: 'http://a b' }],
    ['data', { data: '\ud800' }],
    ['data', { data: { amount: 30 } }],
    ['gid', { gid: 1 }],
    ['branch_id', { BRANCH_ID: 1 }],
  ];
  for (const [name, change] of cases) {
    assert.equal(
      field(() => decodeBranch(readBranchMap(JSON.stringify({ ...branch, ...change })))),
      name,
      JSON.stringify(change),
    );
  }
  assert.equal(decodeBranch(readBranchMap(JSON.stringify({ ...branch, confirm: '' }))).branches[1]?.url, '');
});
