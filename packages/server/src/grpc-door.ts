import { listenFailure } from './cli/failures.ts';
import type { Settings } from './config/schema.ts';
import type { ServerIdentity } from './tls/server-identity.ts';
import type { Changing } from './tls/watched-files.ts';
import { GrpcPort } from './transport/grpc/port.ts';
import type { GrpcParts, GrpcServer } from './transport/grpc/server.ts';
import type { GrpcSettings } from './transport/grpc/settings.ts';

/** gRPC as a part of the coordinator: its port first, and what is loaded to serve it when HTTP answers already. */
export class GrpcDoor {
  readonly #settings: GrpcSettings;
  readonly #identity: Changing<ServerIdentity> | undefined;
  readonly #port: GrpcPort;
  #server: GrpcServer | undefined;

  /** @param identity undefined: plain text */
  constructor({ grpc, http }: Pick<Settings, 'grpc' | 'http'>, identity: Changing<ServerIdentity> | undefined) {
    this.#settings = { ...grpc, host: grpc.host === '' ? http.host : grpc.host };
    this.#identity = identity;
    this.#port = new GrpcPort(this.#settings);
  }

  /** Resolves with the address, once connections are taken; they wait until they are served. */
  async listen(): Promise<string> {
    const { host, port } = await this.#port.listen().catch((cause: unknown) => {
      throw listenFailure(cause, 'grpc', this.#settings);
    });
    return addressOf(host, port);
  }

  async serve(parts: Pick<GrpcParts, 'coordinator' | 'observer' | 'httpUrl'>): Promise<void> {
    const { GrpcServer } = await import('./transport/grpc/server.ts');
    const settings = this.#settings;
    this.#server = new GrpcServer({ ...parts, settings, port: this.#port, identity: this.#identity });
  }

  close(graceMs: number): Promise<void> {
    return (this.#server ?? this.#port).close(graceMs);
  }
}

/** `host:port` */
export function addressOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
