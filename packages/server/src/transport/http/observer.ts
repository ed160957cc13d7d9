/** What watches the HTTP port. Labels are bounded: routes by their pattern, never by what a client sent. */
export interface HttpObserver {
  /**
   * Bound once per route of dtm's API.
   * @param api the route's name in lower case
   */
  route(api: string): (status: number, durationMs: number) => void;
  /** One request of any route was answered, or left before. `route` is the pattern, or empty for an unknown one. */
  answered(method: string, route: string, status: number, durationMs: number): void;
  /** A handler broke: a defect, answered with 500. */
  broke(route: string, error: unknown): void;
}
