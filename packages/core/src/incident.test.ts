import assert from 'node:assert/strict';
import { test } from 'node:test';
import { incidentKind } from './index.ts';
import { error, failure, message, registered, tcc } from './testing/definitions.ts';
import { Driver } from './testing/driver.ts';

const kindOf = (driver: Driver) => incidentKind(driver.transaction.progress.incident);

test('what fails again and again is no decision; what is prepared and never submitted is one', () => {
  const erring = Driver.submit(message(1), { '01 action': [error(), error(), error()] });
  erring.cron();
  assert.equal(kindOf(erring), undefined);
  erring.cron();
  assert.equal(kindOf(erring), 'failing');
  const refusing = Driver.prepare(tcc(), { '01 cancel': [failure()] }, registered('01'));
  refusing.cron();
  assert.equal(kindOf(refusing), 'failing');
  const left = Driver.prepare(message(1, { queryPrepared: '' }));
  left.cron();
  assert.equal(kindOf(left), 'decision');
  assert.equal(incidentKind('unreadable: a stored progress cannot be read'), 'decision');
});
