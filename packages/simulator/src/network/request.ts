/** What arrives at a service: a branch call, a client's try, the query of a prepared message, the callback of a workflow. */
export interface ServiceRequest {
  readonly gid: string;
  readonly type: string;
  readonly branchId: string;
  readonly op: string;
  readonly url: string;
  readonly payload: string;
}

export interface ServiceAnswer {
  readonly statusCode: number;
  readonly body: string;
}

export const success: ServiceAnswer = { statusCode: 200, body: '' };
export const failure = (why: string): ServiceAnswer => ({ statusCode: 409, body: `${why} FAILURE` });
export const ongoing: ServiceAnswer = { statusCode: 425, body: 'ONGOING' };
export const broken = (why: string): ServiceAnswer => ({ statusCode: 500, body: why });

/** A service answers at once and atomically; what takes time happens on the network. */
export interface Service {
  handle(request: ServiceRequest): ServiceAnswer;
}

/** A service that takes its time, and asks others meanwhile. Where it dies it never answers. */
export interface LongService {
  work(request: ServiceRequest): Promise<ServiceAnswer>;
}

export function hostOf(url: string): string {
  return /^http:\/\/([^/]+)\//.exec(url)?.[1] ?? '';
}

export function pathOf(url: string): string {
  return /^http:\/\/[^/]+(\/[^?]*)/.exec(url)?.[1] ?? '';
}
