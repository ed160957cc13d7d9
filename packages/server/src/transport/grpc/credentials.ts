import { ServerCredentials } from '@grpc/grpc-js';
import type { ServerIdentity } from '../../tls/server-identity.ts';
import type { Changing } from '../../tls/watched-files.ts';

/** @param identity undefined: plain text */
export function serverCredentials(identity: Changing<ServerIdentity> | undefined): ServerCredentials {
  return identity === undefined ? ServerCredentials.createInsecure() : new ChangingCredentials(identity);
}

/** New connections are shown the identity as it is then; those that are open go on. */
class ChangingCredentials extends ServerCredentials {
  constructor(identity: Changing<ServerIdentity>) {
    super({ requestCert: identity.value.clientCa !== undefined }, contextOf(identity.value));
    identity.onChange((value) => this.updateSecureContextOptions(contextOf(value)));
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}

function contextOf({ cert, key, clientCa }: ServerIdentity) {
  return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}
