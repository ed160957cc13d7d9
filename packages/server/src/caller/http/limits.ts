/** Limits of one HTTP call of a branch, and of the connections kept for the next. */
export interface SenderLimits {
  /** An answer's body is read up to this many bytes, before and after decompression. Default 1 MiB. */
  readonly answerBytes: number;
  /** The most bytes of an answer's headers. Default 32 KiB. */
  readonly answerHeaderBytes: number;
  /** The most bytes that are kept of all answers that are being read. Default 64 MiB. */
  readonly readingBytes: number;
  /** The most redirects that one call follows. Default 5. */
  readonly redirects: number;
  /** A connection without calls is closed after this many milliseconds, unless the service names another time. Default 4000. */
  readonly idleMs: number;
  /** Connections without calls that are kept open, for each origin. Default 256. */
  readonly originIdleConnections: number;
  /** Connections without calls that are kept open, to all origins together. Default 1024. */
  readonly idleConnections: number;
}

export const defaultSenderLimits: SenderLimits = {
  answerBytes: 1024 * 1024,
  answerHeaderBytes: 32 * 1024,
  readingBytes: 64 * 1024 * 1024,
  redirects: 5,
  idleMs: 4000,
  originIdleConnections: 256,
  idleConnections: 1024,
};
