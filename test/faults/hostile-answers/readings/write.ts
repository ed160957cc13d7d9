/**
 * `npm run readings`: what Go's net/http and Node's strict parser read of each answer of the corpus, into readings.json.
 * `-- COUNT` compares as many answers made by chance with Go instead (`test/fuzz/http-answers.test.ts` does so with Node).
 */
import { rawAnswers } from '../../../../packages/server/src/caller/http/answer/corpus.ts';
import { AnswerParser } from '../../../../packages/server/src/caller/http/answer/parser.ts';
import { mutated } from '../../../fuzz/http-answers/mutated.ts';
import { outcomeOf } from '../../../fuzz/http-answers/outcome.ts';
import { isTolerated } from '../../../fuzz/http-answers/tolerated.ts';
import { Random, seedOfRun } from '../../../lib/random.ts';
import { readByGo } from './go.ts';
import { readByNode, refused } from './node.ts';
import { commitReadings } from './readings.ts';

const [count] = process.argv.slice(2);
if (count === undefined) await write();
else compareByChance(Number(count), seedOfRun());

async function write(): Promise<void> {
  const answers = rawAnswers.map(({ bytes }) => bytes);
  const go = readByGo(answers);
  const node = await readByNode(answers);
  commitReadings({
    versions: { go: go.version, node: process.version },
    answers: Object.fromEntries(
      answers.map((bytes, index) => [bytes, { go: go.readings[index] ?? refused, node: node[index] ?? refused }]),
    ),
  });
  console.log(
    `${answers.length} answers were read with ${go.version} and Node ${process.version}; commit readings.json`,
  );
}

/** @param seed of the first; the others follow it */
function compareByChance(many: number, seed: number): void {
  const parser = new AnswerParser(1000);
  const taken: { readonly bytes: string; readonly ours: string }[] = [];
  for (let index = 0; index < many; index += 1) {
    const bytes = mutated(new Random(seed + index));
    const { kind, status, body } = outcomeOf(parser, [bytes]);
    if (kind === 'taken') taken.push({ bytes: bytes.toString('latin1'), ours: `${status} ${body}` });
  }
  const go = readByGo(taken.map(({ bytes }) => bytes));
  let refusals = 0;
  for (const [index, { bytes, ours }] of taken.entries()) {
    const reading = go.readings[index] ?? refused;
    if (reading === refused) refusals += 1;
    if (reading === ours || (reading === refused && isTolerated(bytes))) continue;
    console.log(`${JSON.stringify(bytes)}: ours ${ours}, Go ${reading}`);
    process.exitCode = 1;
  }
  console.log(
    `HOLDFAST_TEST_SEED=${seed}: of ${many} answers ${taken.length} were taken; ${go.version} refuses ${refusals} of them`,
  );
}
