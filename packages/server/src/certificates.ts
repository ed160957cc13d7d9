import type { SecureContext } from 'node:tls';
import { CommandError } from './cli/error.ts';
import { caFailure } from './cli/failures.ts';
import type { Settings } from './config/schema.ts';
import type { Metrics } from './observe/metrics.ts';
import { systemRuntime } from './runtime.ts';
import { type CertificateEvents, CertificateWatch } from './tls/certificate-watch.ts';
import { type ServerIdentity, serverIdentity } from './tls/server-identity.ts';
import { trusting } from './tls/trust.ts';
import type { WatchedFiles } from './tls/watched-files.ts';

/** The certificates that the settings name, each set of files as it is now. */
export interface Certificates {
  /** Undefined: gRPC is served in plain text, or not at all. */
  readonly grpc: WatchedFiles<ServerIdentity> | undefined;
  /** Undefined: calls over TLS trust what node trusts. */
  readonly trust: WatchedFiles<SecureContext> | undefined;
}

/** @throws CommandError where a file cannot be used */
export function readCertificates({ grpc, calls }: Settings): Certificates {
  return {
    grpc: grpc.serve === 'on' ? grpcIdentity(grpc.tls) : undefined,
    trust: calls.caFile === '' ? undefined : trustedBy(calls.caFile),
  };
}

function grpcIdentity(tls: Settings['grpc']['tls']): WatchedFiles<ServerIdentity> | undefined {
  try {
    return serverIdentity('grpc.tls', tls);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(`gRPC cannot be served over TLS: ${text}`, { cause });
  }
}

function trustedBy(caFile: string): WatchedFiles<SecureContext> {
  try {
    return trusting('calls.caFile', caFile);
  } catch (cause) {
    throw caFailure(cause);
  }
}

/** They are looked at from now on, and shown in the metrics. */
export function watchCertificates(
  { grpc, trust }: Certificates,
  { certificates: { lookMs, warnBeforeMs } }: Settings,
  { events, metrics }: { readonly events: CertificateEvents; readonly metrics: Metrics },
): CertificateWatch {
  const watched = [grpc, trust].filter((files) => files !== undefined);
  const watch = new CertificateWatch({ watched, lookMs, warnBeforeMs, events, ...systemRuntime });
  metrics.levels(
    'holdfast_certificate_not_after_timestamp_seconds',
    'When the first of the certificates in use ends, by the setting that names their file.',
    'setting',
    () => watched.flatMap(({ expiries }) => expiries.map((one) => [one.setting, one.notAfterMs / 1000] as const)),
  );
  metrics.levels(
    'holdfast_certificate_renewal_failed',
    '1: the files of these settings cannot be used as they are now, and what was read before is in use.',
    'files',
    () => watched.map(({ name }) => [name, watch.isBroken(name) ? 1 : 0] as const),
  );
  watch.start();
  return watch;
}
