import { CommandError } from './cli/error.ts';
import { listenFailure } from './cli/failures.ts';
import type { Settings } from './config/schema.ts';
import { GrpcPort } from './transport/grpc/port.ts';
import type { GrpcParts, GrpcServer } from './transport/grpc/server.ts';
import type { GrpcSettings } from './transport/grpc/settings.ts';
import { type Credentials, readCredentials } from './transport/grpc/tls.ts';

/** gRPC as a part of the coordinator: its port first, and what is loaded to serve it when HTTP answers already. */
export class GrpcDoor {
  readonly #settings: GrpcSettings;
  readonly #credentials: Credentials | undefined;
  readonly #port: GrpcPort;
  #server: GrpcServer | undefined;

  /** @throws CommandError where a file for TLS cannot be used */
  constructor({ grpc, http }: Pick<Settings, 'grpc' | 'http'>) {
    this.#settings = { ...grpc, host: grpc.host === '' ? http.host : grpc.host };
    this.#credentials = credentialsOf(this.#settings);
    this.#port = new GrpcPort(this.#settings);
  }

  /** Resolves with the address, once connections are taken; they wait until they are served. */
  async listen(): Promise<string> {
    const { host, port } = await this.#port.listen().catch((cause: unknown) => {
      throw listenFailure(cause, 'grpc', this.#settings);
    });
    return addressOf(host, port);
  }

  async serve(parts: Pick<GrpcParts, 'coordinator' | 'observer'>): Promise<void> {
    const { GrpcServer } = await import('./transport/grpc/server.ts');
    const settings = this.#settings;
    this.#server = new GrpcServer({ ...parts, settings, port: this.#port, credentials: this.#credentials });
  }

  close(graceMs: number): Promise<void> {
    return (this.#server ?? this.#port).close(graceMs);
  }
}

function credentialsOf({ tls }: GrpcSettings): Credentials | undefined {
  try {
    return readCredentials(tls);
  } catch (cause) {
    throw new CommandError(`gRPC cannot be served over TLS: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/** `host:port` */
export function addressOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
