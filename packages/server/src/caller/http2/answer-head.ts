/** Of the headers or trailers of an answer, what means something here. Of a name that comes twice the first counts. */
export interface AnswerHead {
  /** 0: not said. */
  status: number;
  contentType: string | undefined;
  grpcStatus: string | undefined;
  grpcMessage: string | undefined;
  retryAfter: string | undefined;
  location: string | undefined;
  /** All that there are, with commas between them. */
  contentEncoding: string;
  contentLength: string | undefined;
  /** There are several, and they differ. */
  hasTwoLengths: boolean;
}

export function emptyHead(): AnswerHead {
  return {
    status: 0,
    contentType: undefined,
    grpcStatus: undefined,
    grpcMessage: undefined,
    retryAfter: undefined,
    location: undefined,
    contentEncoding: '',
    contentLength: undefined,
    hasTwoLengths: false,
  };
}

export function addHeader(head: AnswerHead, name: string, value: string): void {
  switch (name) {
    case ':status':
      if (head.status === 0) head.status = /^\d{3}$/.test(value) ? Number(value) : 0;
      return;
    case 'content-type':
      head.contentType ??= value;
      return;
    case 'grpc-status':
      head.grpcStatus ??= value;
      return;
    case 'grpc-message':
      head.grpcMessage ??= value;
      return;
    case 'retry-after':
      head.retryAfter ??= value;
      return;
    case 'location':
      head.location ??= value;
      return;
    case 'content-encoding':
      head.contentEncoding = head.contentEncoding === '' ? value : `${head.contentEncoding}, ${value}`;
      return;
    case 'content-length':
      head.contentLength ??= value;
      if (head.contentLength !== value) head.hasTwoLengths = true;
      return;
    default:
  }
}
