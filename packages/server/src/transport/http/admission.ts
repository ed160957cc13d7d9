import { HoldfastError } from '@holdfast/core';
import { methodsWithoutBody, type RequestHead } from './request-head.ts';

export interface AdmissionRules {
  /** The address that is listened on, as it was set: people copy it from the start lines. */
  readonly host: string;
  /** Origins of web pages that may ask, with commas between them. */
  readonly allowedOrigins: string;
}

/** The loopback by its names and addresses, with or without a port. */
const loopbackHost = /^(([\w-]+\.)*localhost\.?|127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:127\.\d+\.\d+\.\d+\])(:\d*)?$/i;
const scheme = /^https?:\/\//;

/**
 * Whether a request is served at all, by its head alone, before any byte of its body is read. Both ways in ask it, with
 * every request. There is no authentication, so a web page that somebody looks at must not reach what only this machine
 * can reach: neither by sending requests elsewhere than to its own site, nor by a name of its own that leads to loopback.
 */
export class Admission {
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;

  constructor({ host, allowedOrigins }: AdmissionRules) {
    const origins = originsIn(allowedOrigins).map((origin) => origin.toLowerCase());
    this.#origins = new Set(origins);
    this.#hosts = new Set([host.includes(':') ? `[${host}]` : host, ...origins.map(hostOf)].map(lowered));
  }

  /**
   * Undefined: it is admitted.
   * @param isOverLoopback whether the connection came in at a loopback address of this machine
   */
  refusalOf(head: RequestHead, isOverLoopback: boolean): HoldfastError | undefined {
    if (isOverLoopback && !this.#isOurs(head.host)) return foreignHost();
    if (head.origin !== undefined || head.fetchSite !== undefined) {
      if (!this.#isOwnPage(head)) return foreignPage();
    }
    return head.contentEncoding === undefined ? undefined : encodingRefusal(head.contentEncoding, head.method);
  }

  /** A page that is allowed though it is of another site: its browser must be told so. */
  isAllowedOrigin(origin: string | undefined): origin is string {
    return origin !== undefined && this.#origins.has(origin.toLowerCase());
  }

  /** Browsers always send a Host: what has none, or an empty one, is no page. */
  #isOurs(host: string): boolean {
    if (host === '' || loopbackHost.test(host)) return true;
    return this.#hosts.has(lowered(host)) || this.#hosts.has(lowered(host.replace(/:\d*$/, '')));
  }

  /** What the browser says of the site counts; an older one says only the origin. */
  #isOwnPage({ origin, fetchSite, host }: RequestHead): boolean {
    if (this.isAllowedOrigin(origin)) return true;
    if (fetchSite !== undefined) return fetchSite === 'same-origin' || fetchSite === 'none';
    return origin !== undefined && scheme.test(origin) && hostOf(origin) === lowered(host);
  }
}

/** The setting http.allowedOrigins, as a list. */
function originsIn(text: string): readonly string[] {
  return text
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
}

function hostOf(origin: string): string {
  return lowered(origin.replace(scheme, ''));
}

function lowered(text: string): string {
  return text.toLowerCase();
}

function foreignHost(): HoldfastError {
  return new HoldfastError(
    'FORBIDDEN',
    'host: over loopback it must be localhost or a loopback address, or one of http.allowedOrigins in the settings',
    { field: 'host' },
  );
}

function foreignPage(): HoldfastError {
  return new HoldfastError(
    'FORBIDDEN',
    'origin: a web page of another site must be one of http.allowedOrigins in the settings',
    { field: 'origin' },
  );
}

function encodingRefusal(encoding: string, method: string): HoldfastError | undefined {
  if (methodsWithoutBody.has(method) || /^(identity)?$/i.test(encoding)) return undefined;
  return new HoldfastError(
    'UNSUPPORTED',
    'content-encoding: must not be used, because bodies are read as they are sent',
    {
      field: 'content-encoding',
    },
  );
}
