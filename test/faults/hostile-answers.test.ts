/** Whatever a service answers, a call has exactly one outcome, however the answer is cut on its way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawAnswers } from '../../packages/server/src/caller/http/answer/corpus.ts';
import { messageOf, rawService, send, senderWith } from '../../packages/server/src/caller/testing/services.ts';

const headBytesMax = 1000;

test('each answer of the corpus has its outcome over a socket', async () => {
  const own = senderWith({ answerHeaderBytes: headBytesMax });
  const { url } = await rawService((socket, request) => {
    const [, index = ''] = /^GET \/(\d+)/.exec(request) ?? [];
    socket.end(Buffer.from(rawAnswers[Number(index)]?.bytes ?? '', 'latin1'));
  });
  for (const [index, { bytes, becomes }] of rawAnswers.entries()) {
    const answer = await send(`${url}/${index}`, {}, own);
    const message = messageOf(answer);
    const about = `${JSON.stringify(bytes)} became ${message}`;
    if (becomes.startsWith('refused: ')) assert.equal(message, becomes.replace('refused', 'the answer cannot be read'));
    else if (becomes === 'not whole') assert.match(message, /^the connection was lost before the whole answer/, about);
    else assert.equal(answer.outcome.kind === 'success', becomes.startsWith('200 '), about);
  }
});

test('a reset at any byte of an answer is an error, and the next call goes on', async () => {
  const own = senderWith();
  const answers = [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    // It is whole only where the service ends it in order.
    'HTTP/1.1 200 OK\r\nX: y\r\n\r\nhello',
  ];
  const { url } = await rawService((socket, request) => {
    const [, answer = '', at = ''] = /^GET \/(\d+)\/(\d+)/.exec(request) ?? [];
    const whole = answers[Number(answer)] ?? '';
    if (Number(at) > whole.length) socket.end(whole);
    else socket.write(whole.slice(0, Number(at)), () => socket.resetAndDestroy());
  });
  for (const [index, answer] of answers.entries()) {
    const resets = index === 2 ? answer.length + 1 : answer.length;
    for (let at = 0; at < resets; at += 1) {
      const cut = await send(`${url}/${index}/${at}`, {}, own);
      assert.match(messageOf(cut), /^the connection was lost before the whole answer/, `${index} cut at ${at}`);
    }
    assert.equal((await send(`${url}/${index}/${answer.length + 1}`, {}, own)).outcome.kind, 'success');
  }
});
