/** The services that every gRPC server is expected to have: health and reflection. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromObject } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import { until } from '../lib/until.ts';
import { world } from './world.ts';

const at = world();
const clients: Client[] = [];
after(() => {
  for (const client of clients) client.close();
});

function connect(): Client {
  const client = new Client(at().coordinator.grpcAddress, credentials.createInsecure());
  clients.push(client);
  return client;
}

/** Written down here once more, as the standard has them. */
const { root: standard } = protobuf.parse(
  `syntax = "proto3"; package s;
   message HealthCheckRequest { string service = 1; }
   message HealthCheckResponse { int32 status = 1; }
   message ReflectionRequest { string host = 1; oneof message_request { string file_by_filename = 3;
     string file_containing_symbol = 4; string all_extension_numbers_of_type = 6; string list_services = 7; } }
   message Files { repeated bytes file_descriptor_proto = 1; }
   message Extensions { string base_type_name = 1; }
   message Services { repeated ServiceName service = 1; } message ServiceName { string name = 1; }
   message Error { int32 error_code = 1; string error_message = 2; }
   message ReflectionResponse { string valid_host = 1; ReflectionRequest original_request = 2;
     Files file_descriptor_response = 4; Extensions all_extension_numbers_response = 5;
     Services list_services_response = 6; Error error_response = 7; }`,
  { keepCase: true },
);
const serialize = (type: string) => (value: object) =>
  Buffer.from(
    standard
      .lookupType(`s.${type}`)
      .encode(standard.lookupType(`s.${type}`).fromObject(value))
      .finish(),
  );
const deserialize = (type: string) => (bytes: Buffer) =>
  standard.lookupType(`s.${type}`).toObject(standard.lookupType(`s.${type}`).decode(bytes), {
    defaults: false,
    arrays: true,
  });

const health = ['HealthCheckRequest', 'HealthCheckResponse'] as const;

function check(client: Client, service: string): Promise<number> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      serialize(health[0]),
      deserialize(health[1]),
      { service },
      (error, reply) => resolve(error === null ? Number(reply?.['status'] ?? 0) : -error.code),
    );
  });
}

const serving = 1;
const notServing = 2;
const unknownService = 3;
const notFound = 5;

test('health: it serves, as a whole and by the name of its service; another name is not found', async () => {
  const client = connect();
  assert.deepEqual(
    [await check(client, ''), await check(client, 'dtmgimp.Dtm'), await check(client, 'other')],
    [serving, serving, -notFound],
  );
});

test('health: who watches is told that it is shutting down, before the connection ends', async () => {
  const { coordinator } = at();
  const client = connect();
  const seen: Record<string, number[]> = { '': [], other: [] };
  let ended = 0;
  for (const service of ['', 'other']) {
    const watched = client.makeServerStreamRequest(
      '/grpc.health.v1.Health/Watch',
      serialize(health[0]),
      deserialize(health[1]),
      { service },
    );
    watched.on('data', ({ status }) => seen[service]?.push(status));
    watched.on('error', () => undefined);
    watched.on('status', () => {
      ended += 1;
    });
  }
  await until('both are told where it stands', () => seen['']?.length === 1 && seen['other']?.length === 1);
  const startedMs = performance.now();
  const { code } = await coordinator.kill('SIGTERM');
  assert.equal(code, 0);
  await until('both have ended', () => ended === 2);
  assert.deepEqual(seen, { '': [serving, notServing], other: [unknownService] });
  assert.ok(performance.now() - startedMs < 20_000, 'nobody who watches keeps it from ending');
  await coordinator.start();
});

/** Asks one after the other on one stream. */
function reflect(version: string, questions: readonly object[]): Promise<Record<string, unknown>[]> {
  const client = connect();
  return new Promise((resolve, reject) => {
    const stream = client.makeBidiStreamRequest(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      serialize('ReflectionRequest'),
      deserialize('ReflectionResponse'),
    );
    const answers: Record<string, unknown>[] = [];
    stream.on('data', (answer: Record<string, unknown>) => answers.push(answer));
    stream.on('error', reject);
    stream.on('end', () => resolve(answers));
    for (const question of questions) stream.write(question);
    stream.end();
  });
}

test('reflection: lists the services, and describes them so that a client can be made of it', async () => {
  for (const version of ['v1', 'v1alpha']) {
    const [list, file, byName, unknown, extensions] = await reflect(version, [
      { list_services: '' },
      { file_containing_symbol: 'dtmgimp.Dtm.Submit' },
      { file_by_filename: 'grpc/health/v1/health.proto' },
      { file_containing_symbol: 'FAILURE' },
      { all_extension_numbers_of_type: 'dtmgimp.DtmRequest' },
    ]);
    assert.deepEqual(list?.['list_services_response'], {
      service: [{ name: 'dtmgimp.Dtm' }, { name: 'grpc.health.v1.Health' }],
    });
    assert.deepEqual(list?.['original_request'], { list_services: '' });
    assert.deepEqual(unknown?.['error_response'], {
      error_code: notFound,
      error_message: 'nothing of this name is served here',
    });
    assert.deepEqual(extensions?.['all_extension_numbers_response'], { base_type_name: 'dtmgimp.DtmRequest' });
    const files = [file, byName].flatMap((answer) => {
      const given = answer?.['file_descriptor_response'] as undefined | { file_descriptor_proto: Buffer[] };
      return (given?.file_descriptor_proto ?? []).map((bytes) => descriptor.FileDescriptorProto.decode(bytes));
    });
    const set = descriptor.FileDescriptorSet.create({ file: files });
    const made = loadFileDescriptorSetFromObject(descriptor.FileDescriptorSet.toObject(set), { keepCase: true });
    const service = made['dtmgimp.Dtm'] as unknown as Record<
      string,
      { path: string; requestSerialize(value: object): Buffer }
    >;
    assert.deepEqual(Object.keys(service).length, 9);
    // This library reads a described map as the list that it is on the wire.
    const TransOptions = { BranchHeaders: [{ key: 'a', value: 'b' }], RetryLimit: 3 };
    const bytes = service['Submit']?.requestSerialize({ Gid: 'g', TransOptions, BinPayloads: [Buffer.from('x')] });
    assert.equal(bytes?.toString('hex'), '0a01671a0a2a060a01611201623803' + '2a0178');
  }
});
