/**
 * What is refused although Go's net/http and Node's strict parser both take it, by the refusal, and why. In all else what
 * both read with the same status and body is taken.
 */
export const stricter: ReadonlyMap<string, string> = new Map([
  ['its headers are larger than 1000 bytes', 'the limit is a setting; the others have limits of their own'],
  [
    'its status is 101, but Holdfast did not ask for another protocol',
    'what follows is another protocol, so that there is no answer to the call',
  ],
  ['its status is 000, which no HTTP answer has', 'it tells neither success nor failure'],
  ['its status is 099, which no HTTP answer has', 'it tells neither success nor failure'],
  ['it is no answer in HTTP/1.1', 'a later version of HTTP has no status line: whoever writes one speaks neither'],
  [
    'it has a Transfer-Encoding, but an answer 204 has no body',
    'whether the chunks belong to the answer is not certain: Node reports an error as well',
  ],
  [
    'a header behind its body frames it once more',
    'Node takes such a trailer or not by its value, and a proxy on the way may have joined it to the headers',
  ],
]);
