import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import { HoldfastError } from '@holdfast/core';
import fc from 'fast-check';
import { decode, encode, type Message } from './protobuf.ts';
import * as schema from './schema.ts';

const protoPath = join(import.meta.dirname, '..', '..', '..', '..', '..', 'docs', 'dtm.proto');
const published = loadSync(protoPath, { keepCase: true, longs: Number, defaults: true });

/** The same messages by another library, from the published .proto. */
const messages = Object.values(schema).filter((value): value is Message & typeof value => 'fields' in value);

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const bytes = fc.uint8Array({ maxLength: 40 }).map((given) => Buffer.from(given));
const safe = fc.maxSafeInteger();

function arbitraryOf(message: Message): fc.Arbitrary<object> {
  const fields = Object.entries(message.fields).map(([name, field]): [string, fc.Arbitrary<unknown>] => {
    switch (field.kind) {
      case 'string':
        return [name, text];
      case 'bool':
        return [name, fc.boolean()];
      case 'int32':
      case 'enum':
        return [name, fc.integer()];
      case 'int64':
        return [name, safe];
      case 'bytes':
        return [name, bytes];
      case 'bytesList':
        return [name, fc.array(bytes, { maxLength: 4 })];
      case 'stringList':
        return [name, fc.array(text, { maxLength: 4 })];
      case 'stringMap':
        return [
          name,
          fc.dictionary(
            text.filter((key) => key !== '__proto__'),
            text,
            { maxKeys: 4 },
          ),
        ];
      case 'message':
        return [name, arbitraryOf(field.type)];
      case 'messageList':
        return [name, fc.array(arbitraryOf(field.type), { maxLength: 3 })];
      default:
        return field satisfies never;
    }
  });
  return fc.record(Object.fromEntries(fields));
}

/** Without prototypes and kinds of byte arrays. */
const plain = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (_, item) => (item instanceof Uint8Array ? [...item] : item)));

function codecOf({ name }: Message) {
  const service = published['dtmgimp.Dtm'] as unknown as Record<
    string,
    { requestType: MessageTypeDefinition<object, object>; [side: string]: unknown }
  >;
  for (const method of Object.values(service)) {
    for (const side of ['request', 'response'] as const) {
      const type = method[`${side}Type`] as { type: { name: string } };
      if (`dtmgimp.${type.type.name}` !== name) continue;
      return {
        serialize: method[`${side}Serialize`] as (value: object) => Buffer,
        deserialize: method[`${side}Deserialize`] as (value: Buffer) => object,
      };
    }
  }
  return undefined;
}

test('what is encoded here another library reads, and the other way round', () => {
  let compared = 0;
  for (const message of messages) {
    const codec = codecOf(message);
    if (codec === undefined) continue;
    compared += 1;
    fc.assert(
      fc.property(arbitraryOf(message), (value) => {
        assert.deepEqual(plain(decode(message, codec.serialize(value))), plain(value));
        assert.deepEqual(plain(codec.deserialize(encode(message, value))), plain(value));
      }),
      { numRuns: 200 },
    );
  }
  assert.equal(compared, 5, 'requests and replies that have fields');
});

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const decodeRequest = (text: string) => decode(schema.dtmRequest, hex(text));

test('an old client’s PassthroughHeaders and fields from the future are passed over', () => {
  // Gid "g"; TransOptions { WaitResult, PassthroughHeaders ["a", "b"], RetryInterval 9 }; fields 100 of every wire type.
  const request = decodeRequest(
    '0a 01 67 1a 0a 08 01 22 01 61 22 01 62 18 09 a0 06 7f a1 06 0000000000000000 a2 06 02 ffff a3 06 08 01 a4 06 a5 06 00000000',
  );
  assert.equal(request.Gid, 'g');
  assert.deepEqual(
    { ...request.TransOptions, BranchHeaders: {} },
    { WaitResult: true, TimeoutToFail: 0, RetryInterval: 9, BranchHeaders: {}, RequestTimeout: 0, RetryLimit: 0 },
  );
});

test('an empty message has zero values; a known field of another wire type is passed over', () => {
  const { TransOptions, Gid, BinPayloads } = decodeRequest('');
  assert.deepEqual([TransOptions, Gid, BinPayloads], [undefined, '', []]);
  assert.equal(decodeRequest('08 05').Gid, '');
});

test('what comes again: the last wins, messages are merged, keys such as __proto__ are keys like any other', () => {
  assert.equal(decodeRequest('0a 01 61 0a 01 62').Gid, 'b');
  const merged = decodeRequest('1a 02 08 01 1a 02 18 05').TransOptions;
  assert.deepEqual([merged?.WaitResult, merged?.RetryInterval], [true, 5]);
  const { ReqExtra } = decode(
    schema.dtmRequest,
    encode(schema.dtmRequest, { ReqExtra: Object.fromEntries([['__proto__', 'x']]) }),
  );
  assert.equal(Object.getPrototypeOf(ReqExtra), null);
  assert.deepEqual(Object.entries(ReqExtra), [['__proto__', 'x']]);
});

test('numbers beyond 2^53 are no safe integers; negative ones are negative', () => {
  const retries = (varint: string) => decode(schema.transOptions, hex(`38 ${varint}`)).RetryLimit;
  assert.equal(retries('ff ff ff ff ff ff ff ff ff 01'), -1);
  assert.equal(retries('ff ff ff ff ff ff ff 0f'), Number.MAX_SAFE_INTEGER);
  assert.equal(Number.isSafeInteger(retries('ff ff ff ff ff ff ff ff 7f')), false);
});

test('what is no such message is refused, and named', () => {
  const cases: readonly [string, RegExp][] = [
    ['0a 05 61', /^message: must be protobuf/],
    ['0a', /^message/],
    ['0a ff ff ff ff ff ff ff ff ff ff 01', /^message/],
    ['07 00', /^message/],
    ['00 00', /^message/],
    ['a4 06', /^message/],
    ['a3 06', /^message/],
    ['a1 06 00', /^message/],
    ['0a 01 ff', /^Gid: must be UTF-8/],
    ['42 06 0a 01 61 12 01 c0', /^value: must be UTF-8/],
    ['ff ff ff ff ff 01', /^message/],
    ['a3 06 '.repeat(200), /^message/],
    ['2a 00 '.repeat(10_001), /^BinPayloads: must be at most 10000/],
    ['7a 00 '.repeat(250_001), /^dtmgimp\.DtmRequest: must have at most 250000 fields/],
    ['22 00 '.repeat(250_001), /must have at most 250000 fields/],
    ['42 00 '.repeat(10_001), /^ReqExtra: must be at most 10000/],
  ];
  for (const [text, expected] of cases) {
    assert.throws(
      () => decodeRequest(text),
      (error: unknown) =>
        error instanceof HoldfastError && error.code === 'INVALID_INPUT' && expected.test(error.message),
      text.slice(0, 60),
    );
  }
});

test('whatever comes, it is a message or a refusal, and soon', () => {
  const startedMs = performance.now();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (given) => {
      try {
        decode(schema.dtmRequest, given);
      } catch (error) {
        assert.ok(error instanceof HoldfastError);
      }
    }),
    { numRuns: 5000 },
  );
  decode(schema.dtmRequest, Buffer.from('7800'.repeat(250_000), 'hex'));
  assert.ok(performance.now() - startedMs < 20_000);
});
