/** Where dtm is wrong or weak, and what Holdfast does there. */
export interface Quirk {
  readonly number: string;
  readonly result: 'fixed' | 'kept';
  readonly dtm: string;
  readonly holdfast: string;
}

/** number | fixed or kept | dtm | Holdfast. The numbers are those of section 12 of the protocol's description. */
const lines = [
  'Q1 | fixed | the embedded store mixes up gids that begin alike | gids are compared whole',
  'Q2 | fixed | a repeated submit runs everything again | 200; runs nothing twice, and what is stored stays',
  'Q3 | fixed | a second abort in the same second is a 500 (MySQL) | 200',
  'Q4 | fixed | a gid with quotes changes other rows | values are bound, never part of a statement',
  'Q5 | fixed | the submit of a workflow wipes the rest of its record, and breaks lists | only its end is written',
  'Q6 | fixed | the codes of JSON-RPC branches are not recognised | recognised, under any HTTP status',
  'Q7 | kept | words in a body count with any status; 201 is an error | the same order: ONGOING, FAILURE, other than 200',
  'Q8 | kept | wait_result answers 409 FAILURE for what is unfinished | the same status; the text says that it goes on',
  'Q9 | fixed | recovery is one transaction at a time | concurrent; who is slow delays nobody else',
  'Q10 | fixed | a lease of 10 s that is not renewed: two nodes may drive one transaction | a heartbeat renews it, every write is fenced by owner and version, and the lease is looked at before each call',
  'Q11 | fixed | the back-off doubles without end | up to 10 minutes (a setting), with jitter',
  'Q12 | fixed | resetNextCronTime has no effect (Redis, embedded) | it makes the transaction due, and it is driven',
  'Q13 | fixed | a running process undoes a forceStop (embedded) | each write expects what it has read; what comes after the end is not written',
  'Q14 | fixed | whole records are written from memory, and fields vanish (Redis, embedded) | the definition is written once, progress apart from it',
  'Q15 | fixed | options and custom data of a submit hold for the first run only | they are stored',
  'Q16 | fixed | a run gives up after 5 s whatever request_timeout says; a compensation that fails idles for 6 s | a run ends when its calls have',
  'Q17 | fixed | PrepareWorkflow over gRPC leaves out the result | it has it',
  'Q18 | fixed | a workflow is called back while it runs, by GET where its input is empty, without back-off | one interval after its last sign of life, by POST; errors back off',
  'Q19 | fixed | query strings and branch ids are labels of metrics | labels have bounds',
  'Q20 | fixed | the asynchronous mode loses results of workflow steps | there is no such mode: an answer means durable',
  'Q21 | fixed | topics: deleted ones linger, new ones come late | read when a message is created: seen at once',
  'Q22 | fixed | topics are not found, and pages leave out items (Redis) | pages of every store are complete; Redis is not offered yet',
  'Q23 | fixed | what is unfinished expires after 7 days (Redis) | only what has ended is purged; Redis is not offered yet',
  'Q24 | fixed | long reasons, results, URLs and payloads fail for ever (SQL) | limits are checked at acceptance; reasons of branches are cut, results and reasons of workflows kept whole',
  'Q25 | fixed | a branch registered again after a lost answer is a 500 | the same content is a 200',
  'Q26 | fixed | a transaction can succeed with a branch that is still prepared | its end and its successes are one write',
  'Q27 | fixed | concurrent branches: each error doubles the interval; late answers disturb the rollback | one doubling a run; late answers are recorded, and change nothing about what is compensated',
  'Q28 | fixed | retry_limit: no pause, counts ONGOING, shared by all steps, forgotten after a run | a pause, per branch, durable; the text of the reason is kept',
  'Q29 | fixed | no validation; clients can set columns of the coordinator | 400 that names the field, nothing stored; such columns are ignored',
  'Q30 | fixed | a prepared message without query URL is sent at its time-out | it stays prepared and is an incident: nobody decides for a human',
  'Q31 | fixed | `Timeout after 0 seconds` where the default fired | the seconds of the default, in the same pattern',
  'Q32 | fixed | abort trusts the type in the request; a prepared saga cannot be aborted | the stored type counts, another one is a 400; a prepared saga can',
  'Q33 | fixed | the embedded store: order breaks past 999 branches, purges only at a start, leaves keys behind | 10,000 operations in their order; purges while it runs, whole',
  'Q34 | fixed | ends at once at SIGTERM, logs passwords, takes bodies of any size | drains, logs no secret, answers 413; over HTTP neither authentication nor TLS is offered yet',
  'Q35 | fixed | each claim sorts all that is due; two nodes waste a round on one row (SQL) | claims follow an index, and no two claim the same row',
  'Q36 | fixed | times are whole seconds of a local zone, and clocks of nodes are trusted | milliseconds, UTC; time follows the store’s clock and never goes back',
  'Q37 | fixed | what is prepared is looked at every 10 s | due at its time-out',
];

export const quirks: readonly Quirk[] = lines.map((line) => {
  const [number = '', result = '', dtm = '', holdfast = ''] = line.split('|').map((cell) => cell.trim());
  return { number, result: result === 'kept' ? 'kept' : 'fixed', dtm, holdfast };
});
