/** A fuzz test: `test/fuzz/NAME.test.ts`, which makes its inputs from their numbers. */
export interface Fuzzer {
  readonly name: string;
  /** Files and folders: when they change, the result grows old. */
  readonly covers: readonly string[];
}

const server = 'packages/server/src';
const http2 = `${server}/caller/http2`;
const grpc = `${server}/transport/grpc`;

export const fuzzers: readonly Fuzzer[] = [
  { name: 'http-answers', covers: [`${server}/caller/http/answer`] },
  { name: 'heads', covers: [`${server}/transport/http/lane`] },
  { name: 'requests', covers: [`${server}/transport/http/lane`, `${server}/transport/http/node`] },
  { name: 'grpc-answers', covers: [http2] },
  { name: 'header-blocks', covers: [http2] },
  { name: 'messages', covers: [`${grpc}/protobuf.ts`, `${grpc}/schema.ts`, `${grpc}/messages.ts`] },
];

export function fileOf({ name }: Fuzzer): string {
  return `test/fuzz/${name}.test.ts`;
}
