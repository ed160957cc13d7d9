/**
 * Answers as they may come from services that are careless, broken or hostile, with what becomes of each. Written one
 * character a byte.
 */
export interface RawAnswer {
  readonly bytes: string;
  /** `200 body`, `!` behind it where the connection cannot serve another call; or `refused: why`; or `not whole`. */
  readonly becomes: string;
  /** Strict parsers refuse it, or read past it; it is taken because it has one meaning only. */
  readonly isTolerated?: true;
}

const crlf = '\r\n';

/** A head of these lines, and what follows. */
function answer(lines: readonly string[], rest = '', end = crlf): string {
  return [...lines, '', ''].join(end) + rest;
}

const ok = 'HTTP/1.1 200 OK';
const five = 'Content-Length: 5';
const chunked = 'Transfer-Encoding: chunked';

function taken(becomes: string, ...all: readonly string[]): RawAnswer[] {
  return all.map((bytes) => ({ bytes, becomes }));
}

function tolerated(becomes: string, ...all: readonly string[]): RawAnswer[] {
  return all.map((bytes) => ({ bytes, becomes, isTolerated: true }));
}

function refused(reason: string, ...all: readonly string[]): RawAnswer[] {
  return taken(`refused: ${reason}`, ...all);
}

const chunkedAnswer = (rest: string) => answer([ok, chunked], rest);

const framing: readonly RawAnswer[] = [
  ...taken(
    '200 hello',
    answer([ok, five], 'hello'),
    answer(['HTTP/1.1 200 ', five], 'hello'),
    answer(['HTTP/1.1 200', five], 'hello'),
    answer(['HTTP/1.1 200 Alles \xfcbrig', five], 'hello'),
    answer([ok, 'content-length:5'], 'hello'),
    answer([ok, 'CONTENT-LENGTH: \t 5 \t '], 'hello'),
    answer([ok, 'Content-Length: 005'], 'hello'),
    answer([ok, 'X: ', 'Y:', five], 'hello'),
    answer([ok, 'X: \x80\xff', "!#$%&'*+.^_`|~: x", five], 'hello'),
    answer([ok, 'Connection: keep-alive', five], 'hello'),
    answer(['HTTP/1.0 200 OK', 'Connection: Keep-Alive', five], 'hello'),
    answer([ok, 'Connection: x, y', five], 'hello'),
    answer([ok, chunked], '5\r\nhello\r\n0\r\n\r\n'),
    answer([ok, 'transfer-encoding:CHUNKED '], '5\r\nhello\r\n0\r\n\r\n'),
    chunkedAnswer('2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'),
    chunkedAnswer('0000005\r\nhello\r\n000\r\n\r\n'),
    chunkedAnswer('5;a\r\nhello\r\n0;b=c\r\n\r\n'),
    chunkedAnswer('5;a=1;b="x y"\r\nhello\r\n0\r\n\r\n'),
    chunkedAnswer('5\r\nhello\r\n0\r\nX: y\r\nZ: \xff\r\n\r\n'),
  ),
  ...taken(
    '200 hello!',
    answer([ok, 'Connection: close', five], 'hello'),
    answer([ok, 'Connection: x , CLOSE', five], 'hello'),
    answer([ok, 'Connection: keep-alive', 'Connection: close', five], 'hello'),
    answer(['HTTP/1.0 200 OK', five], 'hello'),
    answer(['HTTP/1.0 200 OK'], 'hello'),
    answer([ok], 'hello'),
    answer([ok, 'Connection: keep-alive'], 'hello'),
  ),
  // Bytes behind the answer belong to nobody, and the next call must not meet them.
  ...taken(
    '200 hello!',
    answer([ok, five], 'helloX'),
    answer([ok, five], 'hello\r\n'),
    answer([ok, five], `hello${answer(['HTTP/1.1 200 OK', 'Content-Length: 4'], 'evil')}`),
    chunkedAnswer('5\r\nhello\r\n0\r\n\r\nX'),
    chunkedAnswer(`5\r\nhello\r\n0\r\n\r\n${answer([ok, five], 'again')}`),
  ),
  ...taken('200 ', answer([ok, 'Content-Length: 0']), answer([ok, chunked], '0\r\n\r\n')),
  ...taken('200 !', answer([ok, 'Content-Length: 0'], 'X'), answer([ok])),
  ...taken('204 ', answer(['HTTP/1.1 204 No Content']), answer(['HTTP/1.1 204 No Content', 'Content-Length: 0'])),
  ...taken('304 ', answer(['HTTP/1.1 304 Not Modified']), answer(['HTTP/1.1 304 Not Modified', five])),
  ...taken('204 !', answer(['HTTP/1.1 204 No Content', five], 'hello')),
  ...taken('409 no', answer(['HTTP/1.1 409 Conflict', 'Content-Length: 2'], 'no')),
  ...taken('599 no', answer(['HTTP/1.1 599 ?', 'Content-Length: 2'], 'no')),
  ...taken('999 no', answer(['HTTP/1.1 999 ?', 'Content-Length: 2'], 'no')),
];

const continued = 'HTTP/1.1 100 Continue\r\n\r\n';

const informed: readonly RawAnswer[] = [
  ...taken(
    '200 hello',
    continued + answer([ok, five], 'hello'),
    continued + continued + answer(['HTTP/1.1 103 Early Hints']) + answer([ok, five], 'hello'),
    answer(['HTTP/1.1 102 Processing']) + answer([ok, five], 'hello'),
    answer(['HTTP/1.1 103 Early Hints', 'Link: </x>; rel=preload']) + answer([ok, five], 'hello'),
    answer(['HTTP/1.1 199 ?']) + answer([ok, chunked], '5\r\nhello\r\n0\r\n\r\n'),
  ),
  ...tolerated('200 hello', answer(['HTTP/1.0 100 Continue']) + answer([ok, five], 'hello')),
  ...taken('not whole', continued, answer(['HTTP/1.1 103 Early Hints'])),
  ...refused(
    'its status is 101, but Holdfast did not ask for another protocol',
    answer(['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']),
    answer(['HTTP/1.1 101 Switching Protocols']) + answer([ok, five], 'hello'),
    continued + answer(['HTTP/1.1 101 Switching Protocols']),
  ),
  ...refused('its headers are larger than 1000 bytes', continued.repeat(60) + answer([ok, five], 'hello')),
];

const lengths: readonly RawAnswer[] = [
  ...tolerated(
    '200 hello',
    answer([ok, five, five], 'hello'),
    answer([ok, five, 'X: y', 'content-length:  5 ', five], 'hello'),
  ),
  ...refused(
    'it has two different Content-Length',
    answer([ok, five, 'Content-Length: 6'], 'hello!'),
    answer([ok, five, 'Content-Length: 05'], 'hello'),
    answer([ok, 'Content-Length: 0', five], 'hello'),
    answer([ok, five, five, 'Content-Length: 4'], 'hello'),
  ),
  ...refused(
    'its Content-Length is not a number',
    ...['', '+5', '-5', '5, 5', '5,5', '5 5', '0x5', '5.0', '5e0', '5;', '"5"', 'five', '\xb2', '5, 6', 'NaN'].map(
      (value) => answer([ok, `Content-Length: ${value}`], 'hello'),
    ),
    answer([ok, five, 'Content-Length:'], 'hello'),
  ),
  ...refused(
    'its Content-Length is too large to be one',
    answer([ok, 'Content-Length: 9007199254740992'], 'hello'),
    answer([ok, 'Content-Length: 18446744073709551621'], 'hello'),
    answer([ok, `Content-Length: ${'9'.repeat(400)}`], 'hello'),
  ),
  ...refused(
    'it has both Transfer-Encoding and Content-Length',
    answer([ok, five, chunked], '5\r\nhello\r\n0\r\n\r\n'),
    answer([ok, chunked, five], '5\r\nhello\r\n0\r\n\r\n'),
    answer([ok, chunked, 'Content-Length: 0'], '5\r\nhello\r\n0\r\n\r\n'),
  ),
  ...refused(
    'its Transfer-Encoding is not chunked',
    ...[
      'gzip',
      'identity',
      'gzip, chunked',
      'chunked, gzip',
      'chunked, identity',
      'chunked;q=1',
      'xchunked',
      '',
      'chunked\t',
      '\tchunked',
    ].map((coding) => answer([ok, `Transfer-Encoding: ${coding}`], '5\r\nhello\r\n0\r\n\r\n')),
    answer([ok, 'Transfer-Encoding: chunked,'], '5\r\nhello\r\n0\r\n\r\n'),
    answer([ok, 'Transfer-Encoding: chun ked'], '5\r\nhello\r\n0\r\n\r\n'),
    answer([ok, 'Transfer-Encoding: identity', five], 'hello'),
  ),
  ...refused('it has Transfer-Encoding twice', answer([ok, chunked, chunked], '5\r\nhello\r\n0\r\n\r\n')),
  ...refused('it has Transfer-Encoding twice', answer([ok, chunked, 'Transfer-Encoding: identity'], 'hello')),
  ...refused(
    'it has a Transfer-Encoding, which HTTP/1.0 does not know',
    answer(['HTTP/1.0 200 OK', chunked], '5\r\nhello\r\n0\r\n\r\n'),
  ),
  ...refused(
    'it has a Transfer-Encoding, but an answer 204 has no body',
    answer(['HTTP/1.1 204 No Content', chunked], '0\r\n\r\n'),
  ),
];

const statusLines: readonly RawAnswer[] = [
  ...refused(
    'it is no answer in HTTP/1.1',
    'SSH-2.0-OpenSSH_9.6\r\n',
    '\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    ' HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'http/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/2 200\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTPS/1.1 200 OK\r\n\r\n',
    'HTTP/ 1.1 200 OK\r\n\r\n',
    'HTTP/1.1\r\n\r\n',
    'HTTP/1.1 20\r\n\r\n',
    'HTTP/1.\r\n',
    'ICY 200 OK\r\n\r\n',
    '{"dtm_result":"SUCCESS"}',
    'GET / HTTP/1.1\r\n\r\n',
    '\x15\x03\x01\x00\x02\x02\x46',
    '\x00\x00\x12\x04\x00\x00\x00\x00\x00',
    'HTTQ',
  ),
  ...refused(
    'its version of HTTP is neither 1.0 nor 1.1',
    answer(['HTTP/1.2 200 OK', five], 'hello'),
    answer(['HTTP/1.9 200 OK', five], 'hello'),
    answer(['HTTP/1.x 200 OK', five], 'hello'),
  ),
  ...refused(
    'its status is not a number of three digits',
    ...['2000 OK', '20x OK', '2 0 OK', '-20 OK', '+20 OK', ' 200 OK', '200OK', '0x1 OK', '200\tOK', '20\xb2 OK'].map(
      (status) => answer([`HTTP/1.1 ${status}`, five], 'hello'),
    ),
    answer(['HTTP/1.1\t200 OK', five], 'hello'),
    answer(['HTTP/1.10 200 OK', five], 'hello'),
  ),
  ...refused('its status is 000, which no HTTP answer has', answer(['HTTP/1.1 000 OK', five], 'hello')),
  ...refused('its status is 099, which no HTTP answer has', answer(['HTTP/1.1 099 OK', five], 'hello')),
  ...refused(
    'its status line has a control character',
    answer(['HTTP/1.1 200 O\x00K', five], 'hello'),
    answer(['HTTP/1.1 200 O\x7fK', five], 'hello'),
    answer(['HTTP/1.1 200 O\rK', five], 'hello'),
    'HTTP/1.1 200 OK\r\r\nContent-Length: 5\r\n\r\nhello',
  ),
];

const headers: readonly RawAnswer[] = [
  ...refused(
    'a header goes on in a second line, which HTTP no longer allows',
    answer([ok, 'X: a', ' b', five], 'hello'),
    answer([ok, 'X: a', '\tb', five], 'hello'),
    answer([ok, ' X: a', five], 'hello'),
    answer([ok, 'X:', ' 5'], 'hello'),
    answer([ok, five, ' '], 'hello'),
  ),
  ...refused(
    'a line of its head is not a name, a colon and a value',
    ...[
      'X',
      'X y',
      'X y: z',
      ': x',
      'X : y',
      'X\t: y',
      'X\x00: y',
      'X\xe4: y',
      'X(: y',
      'X"y": z',
      '\x00: y',
      '=: y',
    ].map((line) => answer([ok, line, five], 'hello')),
    answer([ok, 'Content-Length : 5'], 'hello'),
    answer([ok, 'Transfer-Encoding : chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    answer([ok, '\x0bTransfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\r\nhello',
  ),
  ...refused(
    'a header has a control character',
    ...['a\x00b', 'a\x01b', 'a\x0bb', 'a\x1fb', 'a\x7fb', 'a\rb', '\x00', '\r'].map((value) =>
      answer([ok, `X: ${value}`, five], 'hello'),
    ),
    answer([ok, 'Content-Length: \r5'], 'hello'),
    answer([ok, 'Content-Length: 5\x0b'], 'hello'),
    answer([ok, 'Transfer-Encoding: \x0bchunked'], '5\r\nhello\r\n0\r\n\r\n'),
    answer([ok, 'Transfer-Encoding: chunked\x00'], '5\r\nhello\r\n0\r\n\r\n'),
  ),
  ...refused(
    'its headers are larger than 1000 bytes',
    answer([ok, `X: ${'y'.repeat(1000)}`, five], 'hello'),
    answer([ok, ...Array.from({ length: 200 }, () => 'X: y'), five], 'hello'),
    `HTTP/1.1 200 ${'y'.repeat(1000)}`,
    `${ok}\r\n${'y'.repeat(1000)}`,
    chunkedAnswer(`0\r\nX: ${'y'.repeat(1000)}\r\n\r\n`),
    chunkedAnswer(`0\r\n${'X: y\r\n'.repeat(200)}\r\n`),
    chunkedAnswer(`1;${'x'.repeat(600)}\r\na\r\n1;${'x'.repeat(600)}\r\nb\r\n0\r\n\r\n`),
    chunkedAnswer('y'.repeat(1001)),
    chunkedAnswer(`1\r\nx${'y'.repeat(1001)}`),
  ),
];

const bareLines: readonly RawAnswer[] = [
  ...tolerated(
    '200 hello',
    answer([ok, five], 'hello', '\n'),
    'HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nX: y\nContent-Length: 5\r\n\nhello',
    'HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 5\n\nhello',
    answer([ok, chunked], '5\nhello\n0\n\n', '\n'),
    chunkedAnswer('5\r\nhello\r\n0\r\nX: y\n\n'),
  ),
  ...refused(
    'a line of its chunks ends in another way than its first line',
    chunkedAnswer('5\r\nhello\n0\r\n\r\n'),
    chunkedAnswer('5\nhello\r\n0\r\n\r\n'),
    chunkedAnswer('5\r\nhello\r\n0\n\r\n'),
    chunkedAnswer('6\r\nhello\r\n0\r\n\r\n'),
    answer([ok, chunked], '5\nhello\r\n0\n\n', '\n'),
    answer([ok, chunked], '5\r\nhello\n0\n\n', '\n'),
  ),
  ...tolerated('200 hello!', answer(['HTTP/1.0 200 OK'], 'hello', '\n')),
  ...refused('a header goes on in a second line, which HTTP no longer allows', answer([ok, 'X: a', ' b'], '', '\n')),
];

const notANumber = 'the size of a chunk is not a number';
const noExtension = 'the size of a chunk is followed by something that is no extension';

const chunks: readonly RawAnswer[] = [
  ...refused(
    notANumber,
    ...['', 'x', '-5', '+5', ' 5', '\t5', 'g', ';a', '\x005', '"5"', '\xb2'].map((size) =>
      chunkedAnswer(`${size}\r\nhello\r\n0\r\n\r\n`),
    ),
    chunkedAnswer('5\r\nhello\r\n\r\n'),
    chunkedAnswer('00000000000000005\r\nhello\r\n0\r\n\r\n'),
    chunkedAnswer('ffffffffffffffff\r\nhello'),
    chunkedAnswer('20000000000000\r\nhello'),
    chunkedAnswer('10000000000000005\r\nhello\r\n0\r\n\r\n'),
  ),
  ...refused(
    noExtension,
    ...[
      '0x5',
      '5x',
      '5 ',
      '5\t',
      '5 ;a',
      '5,',
      '5:a',
      '5;',
      '5;;a',
      '5; a',
      '5;a ',
      '5;a=',
      '5;a="',
      '5;a="b',
      '5;a="\\""',
      '5;a\x00',
      '5\x00',
      '5\xe4',
      '5 5',
      '5\r',
      '5;a=b\rc',
    ].map((size) => chunkedAnswer(`${size}\r\nhello\r\n0\r\n\r\n`)),
  ),
  ...refused(
    'a chunk is longer than its size',
    chunkedAnswer('5\r\nhello!\r\n0\r\n\r\n'),
    chunkedAnswer('4\r\nhello\r\n0\r\n\r\n'),
    chunkedAnswer('5\r\nhello0\r\n\r\n'),
    chunkedAnswer('5\r\nhello\r\r\n0\r\n\r\n'),
    chunkedAnswer('1\r\nx0\r\n\r\n'),
  ),
  ...refused(
    'a line of its head is not a name, a colon and a value',
    chunkedAnswer('5\r\nhello\r\n0\r\nX\r\n\r\n'),
    chunkedAnswer('5\r\nhello\r\n0\r\n0\r\n\r\n'),
    chunkedAnswer('5\r\nhello\r\n0\r\nX : y\r\n\r\n'),
  ),
  ...refused(
    'a header goes on in a second line, which HTTP no longer allows',
    chunkedAnswer('5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n'),
  ),
  ...refused(
    'a header behind its body frames it once more',
    chunkedAnswer('5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n'),
    chunkedAnswer('5\r\nhello\r\n0\r\nX: y\r\ntransfer-encoding: chunked\r\n\r\n'),
  ),
  ...refused('a header has a control character', chunkedAnswer('5\r\nhello\r\n0\r\nX: \x00\r\n\r\n')),
];

const cutOff: readonly RawAnswer[] = taken(
  'not whole',
  '',
  'H',
  'HTTP/1.1 200',
  'HTTP/1.1 200 OK\r',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 5',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r',
  answer([ok, five]),
  answer([ok, five], 'hell'),
  chunkedAnswer(''),
  chunkedAnswer('5'),
  chunkedAnswer('5\r\n'),
  chunkedAnswer('5\r\nhell'),
  chunkedAnswer('5\r\nhello'),
  chunkedAnswer('5\r\nhello\r\n'),
  chunkedAnswer('5\r\nhello\r\n0'),
  chunkedAnswer('5\r\nhello\r\n0\r\n'),
  chunkedAnswer('5\r\nhello\r\n0\r\nX: y\r\n'),
  chunkedAnswer('5\r\nhello\r\n0\r\n\r'),
);

export const rawAnswers: readonly RawAnswer[] = [
  ...framing,
  ...informed,
  ...lengths,
  ...statusLines,
  ...headers,
  ...bareLines,
  ...chunks,
  ...cutOff,
];
