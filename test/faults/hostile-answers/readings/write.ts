/** `npm run readings`: what Go's net/http and Node's strict parser read of each answer of the corpus, into readings.json. */
import { rawAnswers } from '../../../../packages/server/src/caller/http/answer/corpus.ts';
import { readByGo } from './go.ts';
import { readByNode, refused } from './node.ts';
import { commitReadings } from './readings.ts';

const answers = rawAnswers.map(({ bytes }) => bytes);
const go = readByGo(answers);
const node = await readByNode(answers);
commitReadings({
  versions: { go: go.version, node: process.version },
  answers: Object.fromEntries(
    answers.map((bytes, index) => [bytes, { go: go.readings[index] ?? refused, node: node[index] ?? refused }]),
  ),
});
console.log(`${answers.length} answers were read with ${go.version} and Node ${process.version}; commit readings.json`);
