/** A request, or several, that is hostile, broken or odd, and exactly what comes of it. */
export interface Hostile {
  readonly about: string;
  /** Of the answers, in their order; empty: the connection is closed without one. */
  readonly statuses: string;
  /** How often the coordinator is asked to submit. It is asked nothing else. */
  readonly submits: number;
  /** A character for each byte. */
  readonly bytes: string;
}

type Cases = Readonly<Record<string, readonly [statuses: string, submits: number, bytes: string]>>;

const saga = '{"gid":"g","trans_type":"saga"}';
const ok = `Content-Length: ${saga.length}`;
const line = 'POST /api/dtmsvr/submit HTTP/1.1';
const host = 'Host: localhost';

/** With CR LF behind each line, and an empty one at the end. */
const head = (...lines: string[]) => [...lines, '', ''].join('\r\n');
const post = (...lines: string[]) => head(line, host, ...lines);
const whole = (...lines: string[]) => post(ok, ...lines) + saga;
const chunked = (...chunks: string[]) => post('Transfer-Encoding: chunked') + chunks.join('');
const chunk = (text: string, size = text.length.toString(16)) => `${size}\r\n${text}\r\n`;
const smuggled = 'POST /api/dtmsvr/abort HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n';
const get = head('GET /api/dtmsvr/newGid HTTP/1.1', host);

const requestLines: Cases = {
  'the usual': ['200', 1, whole()],
  'another, and again': ['200 200', 2, whole() + whole()],
  'no version': ['400', 0, head('POST /api/dtmsvr/submit', host, ok) + saga],
  'HTTP/0.9': ['400', 0, 'GET /\r\n\r\n'],
  'HTTP/1.0': ['200', 1, head('POST /api/dtmsvr/submit HTTP/1.0', host, ok) + saga],
  'HTTP/1.0 without Host': ['200', 1, head('POST /api/dtmsvr/submit HTTP/1.0', ok) + saga],
  'HTTP/1.2': ['400', 0, head('POST /api/dtmsvr/submit HTTP/1.2', host, ok) + saga],
  'HTTP/2.0': ['400', 0, head('POST /api/dtmsvr/submit HTTP/2.0', host, ok) + saga],
  'HTTP/11': ['400', 0, head('POST /api/dtmsvr/submit HTTP/11', host, ok) + saga],
  'HTTP/1.1 with a digit more': ['400', 0, head('POST /api/dtmsvr/submit HTTP/1.10', host, ok) + saga],
  'a version in lower case': ['400', 0, head('POST /api/dtmsvr/submit http/1.1', host, ok) + saga],
  'another protocol': ['200', 1, head('POST /api/dtmsvr/submit RTSP/1.0', host, ok) + saga],
  'a method in lower case': ['400', 0, head('post /api/dtmsvr/submit HTTP/1.1', host, ok) + saga],
  'an unknown method': ['400', 0, head('SUBMIT /api/dtmsvr/submit HTTP/1.1', host, ok) + saga],
  'another method': ['405', 0, head('PUT /api/dtmsvr/submit HTTP/1.1', host, ok) + saga],
  'a method with a colon': ['400', 0, head('PO:ST /api/dtmsvr/submit HTTP/1.1', host, ok) + saga],
  'a space before it': ['400', 0, ` ${whole()}`],
  'an empty line before it': ['200', 1, `\r\n${whole()}`],
  'many empty lines before it': ['200', 1, '\r\n'.repeat(20) + whole()],
  'a bare LF before it': ['200', 1, `\n${whole()}`],
  'two spaces': ['200', 1, head('POST  /api/dtmsvr/submit HTTP/1.1', host, ok) + saga],
  'a tab': ['400', 0, head('POST\t/api/dtmsvr/submit HTTP/1.1', host, ok) + saga],
  'a space behind': ['400', 0, head('POST /api/dtmsvr/submit HTTP/1.1 ', host, ok) + saga],
  'a word behind': ['400', 0, head('POST /api/dtmsvr/submit HTTP/1.1 x', host, ok) + saga],
  'a space in the path': ['400', 0, head('POST /api/dtmsvr/sub mit HTTP/1.1', host, ok) + saga],
  'NUL in the path': ['400', 0, head('POST /api/dtmsvr/submit\0 HTTP/1.1', host, ok) + saga],
  'a bare CR in the line': ['400', 0, head('POST /api/dtmsvr/submit\rHTTP/1.1', host, ok) + saga],
  'bytes beyond ASCII in the path': ['400', 0, head('POST /api/dtmsvr/submit\xe9 HTTP/1.1', host, ok) + saga],
  'DEL in the path': ['400', 0, head('POST /api/dtmsvr/submit\x7f HTTP/1.1', host, ok) + saga],
  'a fragment': ['200', 1, head('POST /api/dtmsvr/submit#x HTTP/1.1', host, ok) + saga],
  'a whole URL': ['200', 1, head('POST http://localhost/api/dtmsvr/submit HTTP/1.1', host, ok) + saga],
  'an authority': ['400', 0, head('CONNECT localhost:80 HTTP/1.1', host)],
  'an asterisk': ['404', 0, head('OPTIONS * HTTP/1.1', host)],
  'no slash': ['400', 0, head('POST api/dtmsvr/submit HTTP/1.1', host, ok) + saga],
  'dots that lead up': ['404', 0, head('POST /api/x/../dtmsvr/submit HTTP/1.1', host, ok) + saga],
  'encoded dots': ['404', 0, head('POST /api/%2e%2e/api/dtmsvr/submit HTTP/1.1', host, ok) + saga],
  'an encoded path': ['200', 1, head('POST /api/dtmsvr/%73ubmit HTTP/1.1', host, ok) + saga],
  'an encoded slash': ['404', 0, head('POST /api%2fdtmsvr/submit HTTP/1.1', host, ok) + saga],
  'a half of an encoding': ['404', 0, head('POST /api/dtmsvr/submit% HTTP/1.1', host, ok) + saga],
  'a path parameter': ['404', 0, head('POST /api/dtmsvr/submit;x=1 HTTP/1.1', host, ok) + saga],
  'a backslash': ['400', 0, head('POST \\api\\dtmsvr\\submit HTTP/1.1', host, ok) + saga],
  'a query': ['200', 1, head('POST /api/dtmsvr/submit?a=b HTTP/1.1', host, ok) + saga],
  'a query that is broken': ['400', 0, head('POST /api/dtmsvr/submit?a=%zz HTTP/1.1', host, ok) + saga],
  'a path that is long': ['404', 0, head(`POST /${'a'.repeat(4000)} HTTP/1.1`, host, ok) + saga],
};

const headers: Cases = {
  'no Host': ['400', 0, head(line, ok) + saga],
  'two Hosts': ['400', 0, whole('Host: evil.example')],
  'an empty Host': ['200', 1, head(line, 'Host:', ok) + saga],
  'a foreign Host': ['403', 0, head(line, 'Host: evil.example', ok) + saga],
  'a Host with a user': ['403', 0, head(line, 'Host: localhost@evil.example', ok) + saga],
  'a Host with a space': ['403', 0, head(line, 'Host: local host', ok) + saga],
  'a folded line': ['400', 0, whole('X: a', ' b')],
  'a folded line with a tab': ['400', 0, whole('X: a', '\tb')],
  'a folded length': ['400', 0, post('Content-Length:', ` ${saga.length}`) + saga],
  'a folded first line': ['400', 0, head(line, ' X: a', host, ok) + saga],
  'a space before the colon': ['400', 0, whole('X : a')],
  'a space before the colon of the length': ['400', 0, post(`Content-Length : ${saga.length}`) + saga],
  'a tab before the colon': ['400', 0, whole('X\t: a')],
  'no colon': ['400', 0, whole('X')],
  'no name': ['400', 0, whole(': a')],
  'a name in brackets': ['400', 0, whole('X(y): a')],
  'a name beyond ASCII': ['400', 0, whole('X\xe9: a')],
  'a value beyond ASCII': ['200', 1, whole('X: \xc3\xa9')],
  'NUL in a value': ['400', 0, whole('X: a\0b')],
  'a control character in a value': ['400', 0, whole('X: a\x01b')],
  'DEL in a value': ['400', 0, whole('X: a\x7f')],
  'NUL in a name': ['400', 0, whole('X\0: a')],
  'a bare CR in a value': ['400', 0, whole('X: a\rb')],
  'a bare CR before a length': ['400', 0, post('X: a\rContent-Length: 0', ok) + saga],
  'a bare LF between lines': ['400', 0, `${line}\n${host}\r\n${ok}\r\n\r\n${saga}`],
  'bare LFs only': ['400', 0, `${line}\n${host}\n${ok}\n\n${saga}`],
  'a bare LF in a value': ['400', 0, whole('X: a\nContent-Length: 0')],
  'a bare LF before the body': ['400', 0, `${line}\r\n${host}\r\n${ok}\r\n\n${saga}`],
  'CR CR LF': ['400', 0, `${line}\r\r\n${host}\r\n${ok}\r\n\r\n${saga}`],
  'an empty value': ['200', 1, whole('X:')],
  'spaces around a value': ['200', 1, whole('X:  \t a \t ')],
  'a name twice': ['200', 1, whole('X: a', 'X: b')],
  'many headers': ['200', 1, whole(...Array.from({ length: 500 }, (_, index) => `X${index}: a`))],
  'a head that is too large': ['431', 0, whole(`X: ${'a'.repeat(17_000)}`)],
  'a name that is too large': ['431', 0, whole(`${'a'.repeat(17_000)}: a`)],
  'a head without an end': ['431', 0, `${line}\r\n${host}\r\nX: ${'a'.repeat(20_000)}`],
  'lines without an end': ['431', 0, `${line}\r\n${host}\r\n${'X: a\r\n'.repeat(4000)}`],
  'it ends in the request line': ['400', 0, 'POST /api/dtm'],
  'it ends in the head': ['400', 0, `${line}\r\n${host}\r\nX: a`],
  'it ends before the empty line': ['400', 0, `${line}\r\n${host}\r\n${ok}\r\n`],
  'nothing at all': ['', 0, ''],
  'one byte': ['400', 0, 'P'],
};

const lengths: Cases = {
  'no length': ['400 400', 0, post() + saga],
  'a length of 0': ['400 400', 0, post('Content-Length: 0') + smuggled],
  'a body that is cut': ['400', 0, post(ok) + saga.slice(0, 10)],
  'a length that is too short': ['400 400', 0, post('Content-Length: 10') + saga],
  'two lengths': ['400', 0, whole(ok)],
  'two different lengths': ['400', 0, whole('Content-Length: 0')],
  'two different lengths, the other way': ['400', 0, post('Content-Length: 0', ok) + saga],
  'a list of lengths': ['400', 0, post(`Content-Length: ${saga.length}, ${saga.length}`) + saga],
  'a sign': ['400', 0, post(`Content-Length: +${saga.length}`) + saga],
  'a negative length': ['400', 0, post('Content-Length: -1') + saga],
  hexadecimal: ['400', 0, post(`Content-Length: 0x${saga.length.toString(16)}`) + saga],
  'a fraction': ['400', 0, post(`Content-Length: ${saga.length}.0`) + saga],
  'an exponent': ['400', 0, post('Content-Length: 3e1') + saga],
  'an underscore': ['400', 0, post('Content-Length: 3_1') + saga],
  'leading zeros': ['200', 1, post(`Content-Length: 000${saga.length}`) + saga],
  'very many leading zeros': ['413', 0, post(`Content-Length: ${'0'.repeat(40)}${saga.length}`) + saga],
  'a space in it': ['400', 0, post('Content-Length: 3 1') + saga],
  'a tab behind it': ['200', 1, post(`Content-Length: ${saga.length}\t`) + saga],
  'a vertical tab before it': ['400', 0, post(`Content-Length: \x0b${saga.length}`) + saga],
  'no digits': ['400', 0, post('Content-Length:') + saga],
  'a word': ['400', 0, post('Content-Length: all') + saga],
  'digits of another script': ['400', 0, post('Content-Length: \xd9\xa3\xd9\xa1') + saga],
  'more than 64 bits': ['400', 0, post('Content-Length: 18446744073709551647') + saga],
  'more than 53 bits': ['413', 0, post('Content-Length: 9007199254740993') + saga],
  'more than is taken': ['413', 0, post('Content-Length: 4194305') + saga],
  'a quoted length': ['400', 0, post(`Content-Length: "${saga.length}"`) + saga],
  'a length of a GET': ['200', 0, `${head('GET /api/dtmsvr/newGid HTTP/1.1', host, 'Content-Length: 5')}hello`],
  'a request in the body of a GET': [
    '200',
    0,
    head('GET /api/dtmsvr/newGid HTTP/1.1', host, `Content-Length: ${smuggled.length}`) + smuggled,
  ],
  'an underscore in the name': ['400 400', 0, post(`Content_Length: ${saga.length}`) + saga],
};

const transferEncodings: Cases = {
  chunked: ['200', 1, chunked(chunk(saga), chunk(''))],
  'in two chunks': ['200', 1, chunked(chunk(saga.slice(0, 5)), chunk(saga.slice(5)), chunk(''))],
  'in chunks of a byte': ['200', 1, chunked(...[...saga].map((one) => chunk(one)), chunk(''))],
  'chunked and a length': ['400', 0, post(ok, 'Transfer-Encoding: chunked') + chunk(saga) + chunk('')],
  'a length of 0 and chunked': [
    '400',
    0,
    post('Content-Length: 0', 'Transfer-Encoding: chunked') + chunk(saga) + chunk(''),
  ],
  'a length that hides a request': [
    '400',
    0,
    post('Content-Length: 5', 'Transfer-Encoding: chunked') + chunk('') + smuggled,
  ],
  'chunked that hides a request': [
    '400',
    0,
    post('Transfer-Encoding: chunked', 'Content-Length: 200') + chunk('') + smuggled,
  ],
  'chunked twice': [
    '400',
    0,
    post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + chunk(saga) + chunk(''),
  ],
  'a list of chunked': ['400', 0, post('Transfer-Encoding: chunked, chunked') + chunk(saga) + chunk('')],
  'chunked, then identity': [
    '400',
    0,
    post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + chunk(saga) + chunk(''),
  ],
  'identity and a length': ['400', 0, post('Transfer-Encoding: identity', ok) + saga],
  'gzip, then chunked': ['200', 1, post('Transfer-Encoding: gzip, chunked') + chunk(saga) + chunk('')],
  'chunked, then gzip': ['400', 0, post('Transfer-Encoding: chunked, gzip') + chunk(saga) + chunk('')],
  'an unknown coding': ['400', 0, post('Transfer-Encoding: x') + chunk(saga) + chunk('')],
  'an unknown coding and a length': ['400', 0, whole('Transfer-Encoding: xchunked')],
  'chunked with a comma': ['200', 1, post('Transfer-Encoding: ,chunked') + chunk(saga) + chunk('')],
  'chunked in quotes': ['400', 0, post('Transfer-Encoding: "chunked"') + chunk(saga) + chunk('')],
  'chunked in upper case': ['200', 1, post('Transfer-Encoding: CHUNKED') + chunk(saga) + chunk('')],
  'chunked with a vertical tab': ['400', 0, post('Transfer-Encoding: \x0bchunked') + chunk(saga) + chunk('')],
  'chunked on a folded line': ['400', 0, post('Transfer-Encoding:', ' chunked') + chunk(saga) + chunk('')],
  'a space before the colon of it': ['400', 0, post('Transfer-Encoding : chunked', ok) + saga],
  'chunked behind a bare LF': ['400', 0, post(`X: a\nTransfer-Encoding: chunked`, ok) + saga],
  'chunked in HTTP/1.0': [
    '200',
    1,
    head('POST /api/dtmsvr/submit HTTP/1.0', host, 'Transfer-Encoding: chunked') + chunk(saga) + chunk(''),
  ],
  'an empty coding': ['400', 0, post('Transfer-Encoding:', ok) + saga],
  'an underscore in its name': ['200', 1, post('Transfer_Encoding: chunked', ok) + saga],
};

const chunks: Cases = {
  'no last chunk': ['400', 0, chunked(chunk(saga))],
  'a chunk that is cut': ['400', 0, chunked(`${saga.length.toString(16)}\r\n${saga.slice(0, 9)}`)],
  'a size that is cut': ['400', 0, chunked('1')],
  'no size': ['400', 0, chunked('\r\n', saga)],
  'a size that is a word': ['400', 0, chunked(chunk(saga, 'zz'), chunk(''))],
  'a size with 0x': ['400', 0, chunked(chunk(saga, '0x1f'), chunk(''))],
  'a size with a sign': ['400', 0, chunked(chunk(saga, '+1f'), chunk(''))],
  'a negative size': ['400', 0, chunked(chunk(saga, '-1'), chunk(''))],
  'a size with a space before it': ['400', 0, chunked(chunk(saga, ' 1f'), chunk(''))],
  'a size with a space behind it': ['400', 0, chunked(chunk(saga, '1f '), chunk(''))],
  'a size with leading zeros': ['200', 1, chunked(chunk(saga, '00001f'), chunk(''))],
  'a size of many zeros': ['200', 1, chunked(chunk(saga, `${'0'.repeat(100)}1f`), chunk(''))],
  'a size in upper case': ['200', 1, chunked(chunk(saga, '1F'), chunk(''))],
  'a size beyond 64 bits': ['400', 0, chunked(chunk(saga, 'fffffffffffffffff'), chunk(''))],
  'a size of 64 bits': ['400', 0, chunked(chunk(saga, 'ffffffffffffffff'), chunk(''))],
  'a size that is too short': ['400', 0, chunked(chunk(saga, '5'), chunk(''))],
  'a size that is too long': ['400', 0, chunked(chunk(saga, '21'), chunk(''))],
  'an extension': ['200', 1, chunked(chunk(saga, '1f;a=b'), chunk(''))],
  'a quoted extension': ['200', 1, chunked(chunk(saga, '1f;a="b;c"'), chunk(''))],
  'an extension with a bare LF': ['400', 0, chunked(chunk(saga, '1f;a\nb'), chunk(''))],
  'an extension with a bare CR': ['400', 0, chunked(chunk(saga, '1f;a\rb'), chunk(''))],
  'an extension that is long': ['400', 0, chunked(chunk(saga, `1f;${'a'.repeat(20_000)}`), chunk(''))],
  'a bare LF behind a size': ['400', 0, chunked(`1f\n${saga}\r\n`, chunk(''))],
  'a bare LF behind a chunk': ['400', 0, chunked(`1f\r\n${saga}\n`, chunk(''))],
  'nothing behind a chunk': ['400', 0, chunked(`1f\r\n${saga}0\r\n\r\n`)],
  'a byte behind a chunk': ['400', 0, chunked(`1f\r\n${saga}x\r\n`, chunk(''))],
  'a trailer': ['200', 1, chunked(chunk(saga), '0\r\nX: a\r\n\r\n')],
  'a trailer that is a length': ['400', 0, chunked(chunk(saga), '0\r\nContent-Length: 5\r\n\r\n')],
  'a trailer that is no header': ['400', 0, chunked(chunk(saga), '0\r\nX\r\n\r\n')],
  'a trailer that is long': ['431', 0, chunked(chunk(saga), `0\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)],
  'a last chunk of many zeros': ['200', 1, chunked(chunk(saga), '0000\r\n\r\n')],
  'a last chunk with bare LFs': ['400', 0, chunked(chunk(saga), '0\n\n')],
};

const connections: Cases = {
  'a GET, then a POST': ['200 200', 1, get + whole()],
  'a POST, then garbage': ['200 400', 1, `${whole()}garbage\r\n\r\n`],
  'a GET, then half a head': ['200 400', 0, get + line],
  'close, then another': ['200', 1, whole('Connection: close') + whole()],
  'keep-alive in HTTP/1.0, then another': [
    '200 200',
    1,
    head('POST /api/dtmsvr/submit HTTP/1.0', host, ok, 'Connection: keep-alive') + saga + get,
  ],
  'a list of connection options': ['200', 1, whole('Connection: keep-alive, X', 'X: a')],
  'Connection names the length': ['200', 1, whole('Connection: Content-Length')],
  'two connections': ['200', 1, whole('Connection: keep-alive', 'Connection: close') + get],
  'an upgrade': ['200', 1, whole('Connection: upgrade', 'Upgrade: websocket')],
  'an upgrade to HTTP/2': [
    '200',
    1,
    whole('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQ'),
  ],
  'expects what nobody knows': ['417', 0, whole('Expect: something')],
  'expects 100 in an odd case': ['100 200', 1, whole('Expect: 100-CONTINUE')],
  'HTTP/2': ['400', 0, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
  TLS: ['400', 0, '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'.padEnd(80, 'x')],
  'an old TLS': ['400', 0, '\x80\x2e\x01\0\x02\0\x15\0\0\0\x10'],
  SSH: ['400', 0, 'SSH-2.0-OpenSSH_9.2\r\n'],
  SMTP: ['400', 0, 'EHLO localhost\r\nMAIL FROM:<a@b>\r\n'],
  Redis: ['400', 0, '*1\r\n$4\r\nPING\r\n'],
  PostgreSQL: ['400', 0, '\0\0\0\x08\x04\xd2\x16\x2f'],
  'an answer': ['400', 0, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  SIP: ['400', 0, head('OPTIONS sip:a@b SIP/2.0', host)],
  'bytes of all kinds': ['400', 0, Array.from({ length: 256 }, (_, index) => String.fromCharCode(index)).join('')],
  'a word that means an outcome': ['400', 0, 'FAILURE\r\n\r\n'],
};

const packed = Buffer.from('H4sIAAAAAAAAA6tWSs9MUbJSSlfSUSopSsxLjC+pLEgFChUnpifWAgBIwzXtHwAAAA==', 'base64').toString(
  'latin1',
);
const bodies: Cases = {
  'a packed body': ['415', 0, post(`Content-Length: ${packed.length}`, 'Content-Encoding: gzip') + packed],
  'a packed body that nobody says': ['400', 0, post(`Content-Length: ${packed.length}`) + packed],
  'a packed body in chunks': [
    '415',
    0,
    post('Transfer-Encoding: chunked', 'Content-Encoding: br') + chunk(saga) + chunk(''),
  ],
  'a byte order mark': ['200', 1, `${post(`Content-Length: ${saga.length + 3}`)}\xef\xbb\xbf${saga}`],
  'no UTF-8': ['400', 0, post(ok) + saga.replace('g"', '\xff"')],
  'a web page of another site': ['403', 0, whole('Origin: https://evil.example')],
  'a web page of another site, in chunks': [
    '403',
    0,
    post('Sec-Fetch-Site: cross-site', 'Transfer-Encoding: chunked') + chunk(saga) + chunk(''),
  ],
  'two origins': ['403', 0, whole('Origin: http://localhost', 'Origin: https://evil.example')],
  'two marks of a browser': ['403', 0, whole('Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site')],
};

const groups = { requestLines, headers, lengths, transferEncodings, chunks, connections, bodies };

export const corpus: readonly Hostile[] = Object.entries(groups).flatMap(([group, cases]) =>
  Object.entries(cases).map(([about, [statuses, submits, bytes]]) => {
    return { about: `${group}: ${about}`, statuses, submits, bytes };
  }),
);
