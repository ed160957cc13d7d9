import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateWatch } from './certificate-watch.ts';
import type { Look } from './watched-files.ts';

const day = 24 * 60 * 60 * 1000;

/** Files of which the next look finds what is said, and a clock moved by hand. */
function watch({ notAfterMs = 1000 * day } = {}) {
  const told: string[] = [];
  const state: { look: Look; nowMs: number; notAfterMs: number } = { look: { kind: 'same' }, nowMs: 0, notAfterMs };
  const certificates = new CertificateWatch({
    watched: [
      {
        name: 's',
        get expiries() {
          return [{ setting: 's.certFile', subject: 'CN=a', notAfterMs: state.notAfterMs }];
        },
        look: async () => state.look,
      },
    ],
    lookMs: 1,
    warnBeforeMs: 14 * day,
    wallMs: () => state.nowMs,
    setTimer: () => ({ cancel: () => undefined }),
    events: {
      renewed: (name) => told.push(`renewed ${name}`),
      notRenewed: (name, problem) => told.push(`not renewed ${name}: ${problem}`),
      expiring: ({ setting, isOver }) => told.push(`${setting} ${isOver ? 'is over' : 'ends soon'}`),
    },
  });
  const look = async (found: Look) => {
    state.look = found;
    await certificates.look();
    return told.splice(0);
  };
  return { certificates, look, state, told };
}

test('a problem is told when two looks have found it, once; a renewal at once', async () => {
  const { look, certificates } = watch();
  const broken = (problem: string): Look => ({ kind: 'broken', problem });
  assert.deepEqual(await look(broken('half replaced')), []);
  assert.deepEqual(await look({ kind: 'changed' }), ['renewed s']);
  assert.equal(certificates.isBroken('s'), false);
  assert.deepEqual(await look(broken('x')), []);
  assert.deepEqual(await look(broken('x')), ['not renewed s: x']);
  assert.equal(certificates.isBroken('s'), true);
  assert.deepEqual(await look(broken('x')), []);
  assert.deepEqual(await look(broken('y')), []);
  assert.deepEqual(await look(broken('y')), ['not renewed s: y']);
  assert.deepEqual(await look({ kind: 'same' }), []);
  assert.equal(certificates.isBroken('s'), false);
});

test('a certificate that ends within two weeks is told at the start and once a day, also after its end', async () => {
  const { certificates, look, state, told } = watch({ notAfterMs: 20 * day });
  const same: Look = { kind: 'same' };
  certificates.start();
  assert.deepEqual(await look(same), []);
  state.nowMs = 6 * day + 1;
  assert.deepEqual(await look(same), ['s.certFile ends soon']);
  assert.deepEqual(await look(same), []);
  state.nowMs += day;
  assert.deepEqual(await look(same), ['s.certFile ends soon']);
  state.nowMs = 20 * day;
  assert.deepEqual(await look(same), ['s.certFile is over']);
  const late = watch({ notAfterMs: 13 * day });
  late.certificates.start();
  assert.deepEqual(late.told, ['s.certFile ends soon']);
  assert.deepEqual(told, []);
});

test('that another certificate is over, or the same one has ended, is told at once, though it was warned of today', async () => {
  const { look, state } = watch({ notAfterMs: day / 2 });
  assert.deepEqual(await look({ kind: 'same' }), ['s.certFile ends soon']);
  state.nowMs = day / 2;
  assert.deepEqual(await look({ kind: 'same' }), ['s.certFile is over']);
  state.notAfterMs = day / 4;
  assert.deepEqual(await look({ kind: 'changed' }), ['renewed s', 's.certFile is over']);
  assert.deepEqual(await look({ kind: 'same' }), []);
});
