import { active } from './sections/active.ts';
import { alert } from './sections/alert.ts';
import { calls } from './sections/calls.ts';
import { certificates } from './sections/certificates.ts';
import { destinations } from './sections/destinations.ts';
import { dev } from './sections/dev.ts';
import { dns } from './sections/dns.ts';
import { general } from './sections/general.ts';
import { grpc } from './sections/grpc.ts';
import { http } from './sections/http.ts';
import { journal } from './sections/journal.ts';
import { log } from './sections/log.ts';
import { metrics } from './sections/metrics.ts';
import { shutdown } from './sections/shutdown.ts';
import { store } from './sections/store.ts';
import type { ValuesOf } from './setting.ts';
import { namedSettings } from './setting-names.ts';

/**
 * Every setting there is: the one source of types, defaults, documentation and validation. Each section has a file of
 * its name in `sections`, and what stands in no section is in `general.ts` there. Times are milliseconds and sizes
 * bytes, and a name ends with its unit. A setting's names in the environment and as a flag follow from its place; the
 * documentation lists the sections in the order that they have here.
 */
export const schema = {
  ...general,
  http,
  grpc,
  store,
  journal,
  active,
  destinations,
  calls,
  certificates,
  dns,
  shutdown,
  alert,
  dev,
  metrics,
  log,
};

export type Settings = ValuesOf<typeof schema>;

export const settings = namedSettings(schema);
