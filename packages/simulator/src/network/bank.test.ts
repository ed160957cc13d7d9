import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bank, openingBalance } from './bank.ts';
import { Ledger } from './ledger.ts';

const ask = (bank: Bank, op: string, route: string, amount: number, refuse = false, gid = 'g') =>
  bank.handle({
    gid,
    type: 'saga',
    branchId: '01',
    op,
    url: `http://bank-a${route}`,
    payload: JSON.stringify({ account: 'anna', amount, refuse }),
  }).statusCode;

const newBank = (hasBarrier = true) => {
  const noticed: string[] = [];
  return { bank: new Bank(hasBarrier, ['anna'], (what) => noticed.push(what)), noticed };
};

test('an action and its compensation leave what was there, however often they come', () => {
  const { bank, noticed } = newBank();
  for (const op of ['action', 'action']) assert.equal(ask(bank, op, '/out', 30), 200);
  assert.equal(bank.total, openingBalance - 30);
  for (const op of ['compensate', 'compensate']) assert.equal(ask(bank, op, '/out-undo', 30), 200);
  assert.equal(ask(bank, 'action', '/out', 30), 200);
  assert.equal(bank.total, openingBalance);
  assert.deepEqual(noticed, ['repeated', 'repeated', 'repeated']);
  assert.deepEqual(
    bank.effects.map(({ op }) => op),
    ['action', 'compensate'],
  );
});

test('without a barrier it is done each time', () => {
  const { bank } = newBank(false);
  for (const op of ['action', 'action']) ask(bank, op, '/out', 30);
  assert.equal(bank.total, openingBalance - 60);
});

test('refused: nothing happened, and its compensation finds nothing to undo', () => {
  const { bank } = newBank();
  assert.equal(ask(bank, 'action', '/out', openingBalance + 1), 409);
  assert.equal(ask(bank, 'action', '/in', 5, true), 409);
  assert.equal(ask(bank, 'compensate', '/in-undo', 5, true), 200);
  assert.equal(bank.total, openingBalance);
  assert.equal(bank.effects.length, 0);
});

test('a try reserves, confirm and cancel end it', () => {
  const { bank } = newBank();
  assert.equal(ask(bank, 'try', '/out-try', 900), 200);
  assert.equal(ask(bank, 'try', '/out-try', 900, false, 'other'), 409);
  assert.equal(ask(bank, 'cancel', '/out-cancel', 900), 200);
  assert.equal(ask(bank, 'try', '/out-try', 900, false, 'third'), 200);
  assert.equal(ask(bank, 'confirm', '/out-confirm', 900, false, 'third'), 200);
  assert.equal(bank.total, openingBalance - 900);
});

test('the ledger: a local transaction that was asked about first can never commit', () => {
  const ledger = new Ledger();
  const query = { gid: 'g', type: 'msg', branchId: '00', op: 'msg', url: 'http://ledger/', payload: '' };
  assert.equal(ledger.handle(query).statusCode, 409);
  assert.equal(ledger.commit('g'), false);
  assert.equal(ledger.commit('other'), true);
  assert.equal(ledger.handle({ ...query, gid: 'other' }).statusCode, 200);
});
