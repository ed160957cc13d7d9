import { createTransaction, type Definition, noOptions } from '@holdfast/core';
import type { Random } from '../kernel/random.ts';
import { seal } from '../store/copy.ts';
import type { Row } from '../store/row.ts';
import { engineSettings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';

const prefix = 'poison-';

export function isPoison(gid: string): boolean {
  return gid.startsWith(prefix);
}

/**
 * Rows that no coordinator can understand, as a defect or a hand at the database could leave them. They are nobody's
 * transaction and never end; they must hold up nothing but themselves.
 */
export function addPoison({ scheduler, database, statistics }: Surroundings, random: Random, untilMs: number): void {
  const { defaults } = engineSettings(random);
  const count = random.integer(1, 3);
  for (let index = 0; index < count; index += 1) {
    scheduler.at(random.between(0, untilMs), () => {
      const gid = `${prefix}${index}`;
      const createdMs = database.clockMs();
      const sound: Definition = {
        gid,
        type: 'saga',
        protocol: 'http',
        steps: [],
        queryPrepared: '',
        options: noOptions,
        customData: '',
        createdMs,
      };
      const { progress } = createTransaction(sound, 'submitted', defaults);
      const definition = { ...sound, customData: 'not JSON' };
      const row: Row = {
        definition,
        branches: [],
        progress,
        owner: null,
        handedBack: true,
        version: 1,
        createToken: gid,
        writeToken: gid,
        alertMs: 0,
        alertTries: 0,
        needs: 0,
      };
      database.rows.set(gid, seal(row));
      statistics.count('poisoned row');
    });
  }
}
