import { encodeFile, type ProtoFile, symbolsOf } from './descriptor.ts';
import type { Endpoint, Endpoints } from './endpoint.ts';
import { healthService } from './health.ts';
import { type Decoded, decode, encode, type Given, type Message } from './protobuf.ts';
import * as schema from './schema.ts';
import { dtmService, empty, type Service } from './schema.ts';

/**
 * `grpc.reflection.v1` and `v1alpha`: tells tools such as grpcurl what is served. One of several questions is asked,
 * which may be an empty text: lists tell whether it was.
 */
const request = {
  name: 'grpc.reflection.v1.ServerReflectionRequest',
  fields: {
    host: { kind: 'string', id: 1 },
    file_by_filename: { kind: 'stringList', id: 3 },
    file_containing_symbol: { kind: 'stringList', id: 4 },
    all_extension_numbers_of_type: { kind: 'stringList', id: 6 },
    list_services: { kind: 'stringList', id: 7 },
  },
} as const satisfies Message;

const fileResponse = {
  name: 'grpc.reflection.v1.FileDescriptorResponse',
  fields: { file_descriptor_proto: { kind: 'bytesList', id: 1 } },
} as const satisfies Message;

const extensionResponse = {
  name: 'grpc.reflection.v1.ExtensionNumberResponse',
  fields: { base_type_name: { kind: 'string', id: 1 } },
} as const satisfies Message;

const serviceResponse = {
  name: 'grpc.reflection.v1.ServiceResponse',
  fields: { name: { kind: 'string', id: 1 } },
} as const satisfies Message;

const listResponse = {
  name: 'grpc.reflection.v1.ListServiceResponse',
  fields: { service: { kind: 'messageList', id: 1, type: serviceResponse } },
} as const satisfies Message;

const errorResponse = {
  name: 'grpc.reflection.v1.ErrorResponse',
  fields: { error_code: { kind: 'int32', id: 1 }, error_message: { kind: 'string', id: 2 } },
} as const satisfies Message;

const response = {
  name: 'grpc.reflection.v1.ServerReflectionResponse',
  fields: {
    valid_host: { kind: 'string', id: 1 },
    original_request: { kind: 'bytes', id: 2 },
    file_descriptor_response: { kind: 'message', id: 4, type: fileResponse },
    all_extension_numbers_response: { kind: 'message', id: 5, type: extensionResponse },
    list_services_response: { kind: 'message', id: 6, type: listResponse },
    error_response: { kind: 'message', id: 7, type: errorResponse },
  },
} as const satisfies Message;

const versions = ['v1', 'v1alpha'] as const;

/** Both versions are the same on the wire. */
const reflectionService = (version: (typeof versions)[number]): Service => ({
  name: `grpc.reflection.${version}.ServerReflection`,
  methods: { ServerReflectionInfo: { request, reply: response, streams: 'both' } },
});

const emptyFile: ProtoFile = {
  ...{ name: 'google/protobuf/empty.proto', package: 'google.protobuf' },
  ...{ imports: [], messages: [empty], services: [] },
};

const files: readonly ProtoFile[] = [
  emptyFile,
  {
    ...{ name: 'dtm.proto', package: 'dtmgimp', imports: [emptyFile], services: [dtmService] },
    messages: Object.values(schema).filter(
      (value): value is Message & typeof value => 'fields' in value && value !== empty,
    ),
  },
  {
    ...{ name: 'grpc/health/v1/health.proto', package: 'grpc.health.v1', imports: [], services: [healthService] },
    messages: [healthService.methods.Check.request, healthService.methods.Check.reply],
  },
];

const notFound = 5;

/** By service. */
export function reflectionEndpoints(): readonly (readonly [Service, Endpoints])[] {
  return versions.map((version) => [reflectionService(version), { ServerReflectionInfo: serve }] as const);
}

const serve: Endpoint = (call) => ({
  message: (message) => {
    const asked = decode(request, message);
    const answer = { valid_host: asked.host, original_request: message, ...answerTo(asked) };
    // Whoever asks faster than it reads waits.
    if (!call.write(encode(response, answer), () => call.resume())) call.pause();
  },
  end: () => call.end(),
  closed: () => undefined,
});

function answerTo(asked: Decoded<typeof request>): Given<typeof response> {
  const [fileName] = asked.file_by_filename;
  const [symbol] = asked.file_containing_symbol;
  const [typeName] = asked.all_extension_numbers_of_type;
  if (fileName !== undefined) return fileAnswer(files.find(({ name }) => name === fileName));
  if (symbol !== undefined) return fileAnswer(files.find((file) => symbolsOf(file).includes(symbol)));
  if (asked.list_services.length > 0) {
    const service = files.flatMap(({ services }) => services).map(({ name }) => ({ name }));
    return { list_services_response: { service } };
  }
  const isKnown = typeName !== undefined && files.some((file) => symbolsOf(file).includes(typeName));
  return isKnown ? { all_extension_numbers_response: { base_type_name: typeName } } : fileAnswer(undefined);
}

/** With the files that it imports. */
function fileAnswer(file: ProtoFile | undefined): Given<typeof response> {
  if (file === undefined) {
    return { error_response: { error_code: notFound, error_message: 'nothing of this name is served here' } };
  }
  return { file_descriptor_response: { file_descriptor_proto: [file, ...file.imports].map(encodeFile) } };
}
