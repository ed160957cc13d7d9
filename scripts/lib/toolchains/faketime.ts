import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findOrInstall, type Toolchain } from './install.ts';

/** The library that gives a process, preloaded into it, another clock than the machine's. */
export function faketimeLibrary(): Toolchain<string> {
  return findOrInstall('faketime', ['faketime'], '', () =>
    readdirSync('/usr/lib')
      .map((name) => join('/usr/lib', name, 'faketime', 'libfaketime.so.1'))
      .find((path) => existsSync(path)),
  );
}
