import { lookup } from 'node:dns';
import { wordsOfFault } from './fault-words.ts';
import type { Hosts } from './hosts.ts';

/** As the system itself finds hosts. */
export const systemHosts: Hosts = {
  find(host, done) {
    lookup(host, { all: true }, (error, addresses) => {
      if (error !== null) done({ reason: wordsOfFault(error, host) });
      else done({ addresses: addresses.map(({ address }) => address) });
    });
  },
};
