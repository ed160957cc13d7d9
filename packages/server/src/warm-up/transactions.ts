/** What a client of dtm's API sends, one request after the other, for one transaction of two branches. */
export function requestsOf(number: number, servicePort: number): readonly string[] {
  const gid = `warm-up-${number}`;
  const service = `http://127.0.0.1:${servicePort}`;
  const payloads = ['{"account":1,"amount":30}', '{"account":2,"amount":30}'];
  switch (number % 3) {
    case 0: {
      const steps = [
        { action: `${service}/out`, compensate: `${service}/outRevert` },
        { action: `${service}/in`, compensate: `${service}/inRevert` },
      ];
      return [post('submit', { gid, trans_type: 'saga', wait_result: true, steps, payloads })];
    }
    case 1: {
      const steps = [{ action: `${service}/out` }, { action: `${service}/in` }];
      return [post('submit', { gid, trans_type: 'msg', wait_result: true, steps, payloads })];
    }
    default: {
      const tcc = { gid, trans_type: 'tcc' };
      const branches = payloads.map((data, index) =>
        post('registerBranch', {
          ...tcc,
          branch_id: `0${index + 1}`,
          confirm: `${service}/confirm`,
          cancel: `${service}/cancel`,
          data,
        }),
      );
      return [post('prepare', tcc), ...branches, post('submit', { ...tcc, wait_result: true })];
    }
  }
}

function post(route: string, content: object): string {
  const body = JSON.stringify(content);
  return [
    `POST /api/dtmsvr/${route} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}
