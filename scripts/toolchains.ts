/** Finds or installs what the tests on real databases, of interoperation and of crashes need. The tests that miss one say so too, by skipping. */
import { join } from 'node:path';
import { galera, mariaDb, pgBouncer, postgres, redis } from './lib/toolchains/databases.ts';
import { embeddedPostgres } from './lib/toolchains/embedded-postgres.ts';
import { goProgram } from './lib/toolchains/go.ts';
import { javaProgram } from './lib/toolchains/java.ts';
import { mySql } from './lib/toolchains/mysql.ts';
import { nginx } from './lib/toolchains/nginx.ts';
import { nodeOf } from './lib/toolchains/nodes.ts';
import { python } from './lib/toolchains/python.ts';
import { strace } from './lib/toolchains/strace.ts';

const interop = join(import.meta.dirname, '..', 'test', 'interop');
const databases = [
  mariaDb(),
  mySql(),
  galera(),
  postgres(),
  embeddedPostgres('13'),
  embeddedPostgres('18'),
  pgBouncer(),
  redis(),
];
const sdks = [
  python(join(interop, 'python/requirements.txt')),
  goProgram(join(interop, 'go')),
  javaProgram(join(interop, 'java')),
];
const nodes = ([20, 22, 24] as const).map(nodeOf);
for (const toolchain of [...databases, ...sdks, ...nodes, nginx(), strace()])
  if ('missing' in toolchain) console.log(`holdfast: tests will be skipped: ${toolchain.missing}`);
