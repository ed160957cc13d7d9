import { lookup } from 'node:dns';
import { localFaultOf } from '../local-fault.ts';
import { wordsOfFault } from './fault-words.ts';
import type { Hosts } from './hosts.ts';

/** As the system itself finds hosts. */
export const systemHosts: Hosts = {
  find(host, done) {
    lookup(host, { all: true }, (error, addresses) => {
      if (error !== null) done({ reason: wordsOfFault(error, host), isLocal: localFaultOf(error) !== undefined });
      else done({ addresses: addresses.map(({ address }) => address) });
    });
  },
  /** Nothing is remembered. */
  doubt() {},
};
