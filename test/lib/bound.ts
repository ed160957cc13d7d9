import { find } from '../../scripts/lib/toolchains/install.ts';

const setpriv = process.platform === 'linux' ? find('setpriv') : undefined;

/** A user of the system. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Program and arguments of a command that is bound to this process: the system kills it once this process is gone, whatever
 * ended it (by a signal no handler of `exit` is run). Only Linux can do that; elsewhere the command is as it was.
 * @param as who runs it, where that is another user
 */
export function bound(program: string, args: readonly string[], as?: User): [string, string[]] {
  if (setpriv === undefined) {
    if (as !== undefined) throw new Error('setpriv is not installed (Debian: apt-get install util-linux)');
    return [program, [...args]];
  }
  const user = as === undefined ? [] : ['--reuid', String(as.uid), '--regid', String(as.gid), '--clear-groups'];
  return [setpriv, [...user, '--pdeathsig', 'KILL', program, ...args]];
}
