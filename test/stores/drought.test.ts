/** A coordinator whose database is away, while requests go on coming. Its long form is in test/long. */
import { it } from 'node:test';
import { postgresKind } from './lib/kinds.ts';
import { testDrought, untold } from './lib/without-store.ts';

const kind = postgresKind();
const options = { skip: untold ?? kind.missing ?? false, timeout: 300_000 };

it(`${kind.name} is away while a thousand requests a second come: its memory stays bounded`, options, (t) =>
  testDrought(t, () => kind.start(), { seconds: 4, perSecond: 1000 }),
);
