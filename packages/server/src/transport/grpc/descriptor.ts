import { type Enumeration, encode, type Field, type Given, type Message } from './protobuf.ts';
import type { Service } from './schema.ts';

/** Descriptions of messages and services in the form that protobuf itself has for them (descriptor.proto). */

const methodDescriptor = {
  name: 'google.protobuf.MethodDescriptorProto',
  fields: {
    name: { kind: 'string', id: 1 },
    input_type: { kind: 'string', id: 2 },
    output_type: { kind: 'string', id: 3 },
    client_streaming: { kind: 'bool', id: 5 },
    server_streaming: { kind: 'bool', id: 6 },
  },
} as const satisfies Message;

const serviceDescriptor = {
  name: 'google.protobuf.ServiceDescriptorProto',
  fields: { name: { kind: 'string', id: 1 }, method: { kind: 'messageList', id: 2, type: methodDescriptor } },
} as const satisfies Message;

const enumValueDescriptor = {
  name: 'google.protobuf.EnumValueDescriptorProto',
  fields: { name: { kind: 'string', id: 1 }, number: { kind: 'int32', id: 2 } },
} as const satisfies Message;

const enumDescriptor = {
  name: 'google.protobuf.EnumDescriptorProto',
  fields: { name: { kind: 'string', id: 1 }, value: { kind: 'messageList', id: 2, type: enumValueDescriptor } },
} as const satisfies Message;

const fieldDescriptor = {
  name: 'google.protobuf.FieldDescriptorProto',
  fields: {
    name: { kind: 'string', id: 1 },
    number: { kind: 'int32', id: 3 },
    label: { kind: 'int32', id: 4 },
    type: { kind: 'int32', id: 5 },
    type_name: { kind: 'string', id: 6 },
    json_name: { kind: 'string', id: 10 },
  },
} as const satisfies Message;

const messageOptions = {
  name: 'google.protobuf.MessageOptions',
  fields: { map_entry: { kind: 'bool', id: 7 } },
} as const satisfies Message;

const entryDescriptor = {
  name: 'google.protobuf.DescriptorProto',
  fields: {
    name: { kind: 'string', id: 1 },
    field: { kind: 'messageList', id: 2, type: fieldDescriptor },
    options: { kind: 'message', id: 7, type: messageOptions },
  },
} as const satisfies Message;

const messageDescriptor = {
  name: 'google.protobuf.DescriptorProto',
  fields: {
    name: { kind: 'string', id: 1 },
    field: { kind: 'messageList', id: 2, type: fieldDescriptor },
    nested_type: { kind: 'messageList', id: 3, type: entryDescriptor },
    enum_type: { kind: 'messageList', id: 4, type: enumDescriptor },
  },
} as const satisfies Message;

const fileDescriptor = {
  name: 'google.protobuf.FileDescriptorProto',
  fields: {
    name: { kind: 'string', id: 1 },
    package: { kind: 'string', id: 2 },
    dependency: { kind: 'stringList', id: 3 },
    message_type: { kind: 'messageList', id: 4, type: messageDescriptor },
    service: { kind: 'messageList', id: 6, type: serviceDescriptor },
    syntax: { kind: 'string', id: 12 },
  },
} as const satisfies Message;

/** A .proto file: messages and services of one package. */
export interface ProtoFile {
  readonly name: string;
  readonly package: string;
  readonly imports: readonly ProtoFile[];
  readonly messages: readonly Message[];
  readonly services: readonly Service[];
}

const labels = { one: 1, repeated: 3 } as const;
const types = { int64: 3, int32: 5, bool: 8, string: 9, message: 11, bytes: 12, enum: 14 } as const;

export function encodeFile({ name, package: of, imports, messages, services }: ProtoFile): Buffer {
  return encode(fileDescriptor, {
    name,
    package: of,
    dependency: imports.map((file) => file.name),
    message_type: messages.map(messageOf),
    service: services.map(serviceOf),
    syntax: 'proto3',
  });
}

/** The symbols that a file defines: messages, enumerations, services and their methods. */
export function symbolsOf({ messages, services }: ProtoFile): string[] {
  return [
    ...messages.flatMap(({ name, fields }) => [name, ...enumerationsOf(fields).map((enumeration) => enumeration.name)]),
    ...services.flatMap(({ name, methods }) => [name, ...Object.keys(methods).map((method) => `${name}.${method}`)]),
  ];
}

function serviceOf({ name, methods }: Service): Given<typeof serviceDescriptor> {
  return {
    name: lastPart(name),
    method: Object.entries(methods).map(([method, { request, reply, streams }]) => ({
      name: method,
      input_type: `.${request.name}`,
      output_type: `.${reply.name}`,
      client_streaming: streams === 'both',
      server_streaming: streams !== undefined,
    })),
  };
}

function messageOf({ name, fields }: Message): Given<typeof messageDescriptor> {
  const entries = Object.entries(fields);
  return {
    name: lastPart(name),
    field: entries.map(([fieldName, field]) => fieldOf(name, fieldName, field)),
    nested_type: entries.filter(([, { kind }]) => kind === 'stringMap').map(([fieldName]) => mapEntryOf(fieldName)),
    enum_type: enumerationsOf(fields).map((enumeration) => ({
      name: lastPart(enumeration.name),
      value: enumeration.values.map((value, number) => ({ name: value, number })),
    })),
  };
}

/** Each belongs to the message whose field it is. */
function enumerationsOf(fields: Message['fields']): Enumeration[] {
  return Object.values(fields).flatMap((field) => (field.kind === 'enum' ? [field.type] : []));
}

function fieldOf(message: string, name: string, field: Field): Given<typeof fieldDescriptor> {
  const common = { name, number: field.id, json_name: field.json ?? name, label: labels.one };
  switch (field.kind) {
    case 'bytesList':
      return { ...common, label: labels.repeated, type: types.bytes };
    case 'stringList':
      return { ...common, label: labels.repeated, type: types.string };
    case 'stringMap':
      return { ...common, label: labels.repeated, type: types.message, type_name: `.${message}.${entryName(name)}` };
    case 'messageList':
      return { ...common, label: labels.repeated, type: types.message, type_name: `.${field.type.name}` };
    case 'message':
    case 'enum':
      return { ...common, type: types[field.kind], type_name: `.${field.type.name}` };
    default:
      return { ...common, type: types[field.kind] };
  }
}

/** A map is a list of messages with a key and a value. */
function mapEntryOf(name: string): Given<typeof entryDescriptor> {
  const part = (partName: string, number: number) => ({
    ...{ name: partName, number, json_name: partName, label: labels.one, type: types.string },
  });
  return { name: entryName(name), field: [part('key', 1), part('value', 2)], options: { map_entry: true } };
}

const entryName = (field: string) => `${field}Entry`;

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
