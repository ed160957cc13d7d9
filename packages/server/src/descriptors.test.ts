import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError } from './cli/error.ts';
import { loadSettings } from './config/load.ts';
import { descriptorCaution } from './descriptors.ts';

test('a limit below what the settings allow is warned of with the figures; one that is too low to start is refused', () => {
  const flags = { 'http.maxConnections': '100', 'destinations.inFlight': '20', 'calls.idleConnections': '5' };
  const settings = loadSettings({ flags: { ...flags, 'grpc.serve': 'off' } });
  const needed = 100 + 20 + 2 * 5 + 128 + 64;
  assert.equal(descriptorCaution(settings, needed), undefined);
  assert.equal(
    descriptorCaution(settings, needed - 1),
    'the limit of open files is 321, and the settings allow for 322: 100 connections over HTTP (http.maxConnections), ' +
      '0 over gRPC (grpc.maxConnections), 20 calls (destinations.inFlight), 10 connections without calls ' +
      '(calls.idleConnections). Without descriptors calls wait and clients are refused. ' +
      'Raise it: ulimit -n, LimitNOFILE of systemd, --ulimit nofile of Docker.',
  );
  assert.ok(descriptorCaution(settings, 64) !== undefined);
  assert.throws(
    () => descriptorCaution(settings, 63),
    (error) =>
      error instanceof CommandError &&
      error.message.startsWith('the limit of open files is 63. Holdfast needs 64 to start, and 322'),
  );
});
