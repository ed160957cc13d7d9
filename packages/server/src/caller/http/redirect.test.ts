import assert from 'node:assert/strict';
import { createServer as createTlsServer } from 'node:https';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { SentAnswer } from '../../engine/ports.ts';
import { sendingCall } from '../../engine/testing/calls.ts';
import { certificates } from '../testing/certificates.ts';
import { callOf, listen, messageOf, send, sender, senderWith, service } from '../testing/services.ts';

test('D6: 307 and 308 are followed with method and body, 301 to 303 for GET only', async () => {
  const { url, seen } = await service((request, response) => {
    const code = Number(request.url?.split(/[/?]/)[1]);
    if (code >= 300) response.writeHead(code, { Location: '/200?x=1' }).end('moved');
    else response.end();
  });
  for (const code of [307, 308]) {
    seen.length = 0;
    assert.equal((await send(`${url}/${code}`, { payload: 'abc', headers: { 'X-Own': '1' } })).outcome.kind, 'success');
    assert.deepEqual([seen[1]?.method, seen[1]?.url, seen[1]?.body.toString()], ['POST', '/200?x=1', 'abc']);
    assert.equal(seen[1]?.headers['x-own'], '1');
  }
  for (const code of [301, 302, 303]) {
    seen.length = 0;
    assert.equal((await send(`${url}/${code}`)).outcome.kind, 'success');
    assert.equal(seen.length, 2);
    seen.length = 0;
    const why = `a redirect to ${url}/200?..., which is not followed because only 307 and 308 ask for a POST there`;
    assert.equal(messageOf(await send(`${url}/${code}`, { payload: 'abc' })), `HTTP ${code}: ${why}: moved`);
    assert.equal(seen.length, 1);
  }
  assert.equal(messageOf(await send(`${url}/300`)), 'HTTP 300: moved');
});

test('D6: at most five redirects, each to http or https', async () => {
  const { url, seen } = await service((request, response) => {
    const left = Number(request.url?.split(/[/?]/)[1]);
    const to = request.url?.startsWith('/bad') ? 'ftp://x/y' : `/${left - 1}`;
    if (left === 0) response.end();
    else response.writeHead(307, request.url?.startsWith('/none') ? {} : { Location: to }).end();
  });
  assert.equal((await send(`${url}/5`)).outcome.kind, 'success');
  seen.length = 0;
  assert.equal(messageOf(await send(`${url}/6`)), 'more than 5 redirects');
  assert.equal(seen.length, 6);
  assert.equal(messageOf(await send(`${url}/bad`)), 'HTTP 307: a redirect to what is no http:// or https:// URL');
  assert.equal(messageOf(await send(`${url}/none`)), 'HTTP 307: a redirect that does not say where to');
});

test('D6: a redirect to another origin is not followed, and the error names it', async () => {
  const other = await service((_request, response) => response.end('SUCCESS'));
  const home = await service((_request, response) =>
    response.writeHead(307, { Location: `${other.url.replace('://', '://ann:pw@')}/login?next=secret` }).end('moved'),
  );
  for (const payload of ['', '{}']) {
    const answer = await send(`${home.url}/check`, { payload });
    const why = `a redirect to ${other.url}/login?..., which is not followed: it leads to another origin. Give the branch the URL that answers itself`;
    assert.equal(messageOf(answer), `HTTP 307: ${why}: moved`);
    assert.equal(answer.health, 'ok');
  }
  assert.equal(other.seen.length, 0);
});

test('D6: a redirect from http to https of the same host is followed with headers and credentials; not back', async (t) => {
  const trusted = getCACertificates('default');
  setDefaultCACertificates([certificates().ca.toString()]);
  t.after(() => setDefaultCACertificates(trusted));
  const own = senderWith();
  const heard: (string | undefined)[] = [];
  let location = '';
  const secure = createTlsServer(certificates(), (request, response) => {
    heard.push(request.headers.authorization, request.headers['x-own']?.toString());
    if (request.url?.startsWith('/back')) response.writeHead(307, { Location: location });
    response.end();
  });
  const port = await listen(secure, '127.0.0.1');
  const home = await service((request, response) => {
    response.writeHead(308, { Location: `https://127.0.0.1:${port}${request.url?.split('?')[0]}` }).end();
  });
  location = `${home.url}/end`;
  const headers = { Authorization: 'Bearer secret', 'X-Own': '1' };
  assert.equal((await send(`${home.url}/up`, { payload: 'abc', headers }, own)).outcome.kind, 'success');
  assert.deepEqual(heard, ['Bearer secret', '1']);
  const back = await send(`${home.url}/back`, { payload: 'abc', headers }, own);
  assert.match(messageOf(back), /^HTTP 307: a redirect to http:.*another origin/);
  assert.equal(home.seen.length, 2);
});

test('each hop of a redirect asks whether it may go', async () => {
  const { url, seen } = await service((_request, response) => response.writeHead(307, { Location: '/next' }).end());
  let asked = 0;
  const answer = await new Promise<SentAnswer>((ended) => {
    sender.send(
      sendingCall(callOf(`${url}/a`), ended, () => {
        asked += 1;
        return asked < 3;
      }),
    );
  });
  assert.deepEqual([seen.length, answer.health], [2, 'cut']);
});
