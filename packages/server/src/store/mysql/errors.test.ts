import assert from 'node:assert/strict';
import { it } from 'node:test';
import { judge } from './errors.ts';

const reported = (errno: number, message = 'text of the server') =>
  Object.assign(new Error(message), { errno, sqlState: 'HY000', code: 'ER_SOMETHING' });

it('what the server has reported was not done, but for what may come after its COMMIT', () => {
  const judged = [1205, 1213, 1290, 1021, 1406, 1370, 1040, 1317, 9999].map(
    (errno) => judge(reported(errno)).judgement,
  );
  const wanted = ['locked', 'again', 'moved', 'full', 'data', 'refused', 'unreached', 'unknown', 'refused'];
  assert.deepEqual(judged, wanted);
});

it('whatever else ends a call is of unknown outcome', () => {
  const lost = Object.assign(new Error('Connection lost'), { errno: -104, code: 'PROTOCOL_CONNECTION_LOST' });
  for (const error of [lost, new Error('read ECONNRESET'), 'a text']) assert.equal(judge(error).judgement, 'unknown');
});

it('a message says the number, what it means, and what to do', () => {
  assert.equal(
    judge(reported(1370, "execute command denied to user 'h'@'%'")).message,
    "MySQL 1370: this user may not call procedures (execute command denied to user 'h'@'%'): " +
      'grant the user execute and create routine on the database',
  );
});
