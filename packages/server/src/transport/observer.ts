/** The transports that requests come by. */
export type Transport = 'http' | 'json-rpc' | 'grpc';

/** What watches the ports. Labels are bounded: routes by their pattern, never by what a client sent. */
export interface RequestObserver {
  /**
   * Bound once per route of dtm's API.
   * @param api the route's name in lower case
   */
  route(transport: Transport, api: string): (isFine: boolean, durationMs: number) => void;
  /** A request was taken whose fields of these names mean nothing. Names are input: bounded, and never a label. */
  unknownFields(transport: Transport, api: string, names: readonly string[]): void;
  /** One request of any route was answered, or left before. `route` is the pattern, or empty for an unknown one. */
  answered(method: string, route: string, status: number | string, durationMs: number): void;
  /** A handler broke: a defect, answered as an internal error. */
  broke(route: string, error: unknown): void;
}
