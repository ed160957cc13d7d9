import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBranch, readBranchMap } from './branch.ts';
import { decodePrepare, decodeSubmit } from './transaction.ts';
import { meantBy, unknownText, warningOf } from './unknown.ts';

const saga = (values: object) => JSON.stringify({ gid: 'g', trans_type: 'saga', ...values });

function unknownOf(values: object): readonly string[] {
  const asked = decodeSubmit(saga(values));
  assert.ok('steps' in asked);
  return asked.unknownFields ?? [];
}

test('misspelt fields of a transaction and of its steps are named, each once', () => {
  const steps = [
    { action: 'http://a', compensation: 'http://b' },
    { action: 'http://a', compensation: 'http://c', Undo: 'http://d' },
  ];
  const unknown = unknownOf({ timeout: 5, retryLimit: 3, steps, payloads: ['', ''] });
  assert.deepEqual(unknown, ['timeout', 'retryLimit', 'steps[].compensation', 'steps[].Undo']);
  assert.equal(
    unknownText(unknown),
    'timeout (did you mean timeout_to_fail?), retryLimit (did you mean retry_limit?), ' +
      'steps[].compensation (did you mean compensate?), steps[].Undo',
  );
});

test('what SDKs send is no misspelling, nor what is unset or written in another case', () => {
  const known = {
    ...{ subType: 'x', passthrough_headers: [], retry_count: 0, Concurrent: false, Protocol: null, whatever: null },
    steps: [{ Action: 'http://a', compensate: '' }],
    payloads: [''],
  };
  assert.deepEqual(unknownOf(known), []);
  assert.equal(decodePrepare(saga({})).unknownFields, undefined);
  const branch = {
    gid: 'g',
    trans_type: 'tcc',
    branch_id: '01',
    data: '',
    confirm: '',
    cancel: '',
    try: '',
    status: '',
  };
  assert.equal(decodeBranch(readBranchMap(JSON.stringify(branch))).unknownFields, undefined);
  const misspelt = JSON.stringify({ ...branch, cancle: 'http://a' });
  assert.deepEqual(decodeBranch(readBranchMap(misspelt)).unknownFields, ['cancle']);
});

test('names are input: a few, short, without what commands a terminal or means an outcome', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`field${index}`, 1]));
  assert.equal(unknownOf(many).length, 16);
  const [long = '', odd = ''] = unknownOf({ ['x'.repeat(1000)]: 1, '\u001b[31mFAILURE\ud800': 1 });
  assert.equal(long.length, 67);
  assert.equal(odd, '?[31m...\ufffd');
  assert.equal(warningOf(['a"b\\c', 'Rückgängig']), '299 holdfast "unknown fields: a\\"b\\\\c, R?ckg?ngig"');
});

test('a hint is given where a name is near', () => {
  assert.equal(meantBy('steps[].compensation'), 'compensate');
  assert.equal(meantBy('steps[].note'), undefined);
  assert.equal(meantBy('transType'), 'trans_type');
  assert.equal(meantBy('waitResult'), 'wait_result');
  assert.equal(meantBy('cancle'), 'cancel');
  assert.equal(meantBy('comment'), undefined);
});
