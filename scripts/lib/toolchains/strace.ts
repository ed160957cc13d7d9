import { find, findOrInstall, type Toolchain } from './install.ts';

/** Tells every call of a process to the system: the tests of crashes record what was written and synced. */
export function strace(): Toolchain<string> {
  return findOrInstall('strace', ['strace'], '', () => find('strace'));
}
