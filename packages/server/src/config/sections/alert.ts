import { number, section, text } from '../setting.ts';

export const alert = section('Telling somebody that a transaction needs a human.', {
  webhookUrl: text({
    default: '',
    maxCharacters: 2048,
    allowed: 'an http or https URL, or nothing',
    isSecret: true,
    dtm: 'AlertWebHook',
    description:
      'Where each incident is POSTed once, as JSON with gid, status, branch, error and retry_count. Empty: nowhere. It is tried again for a quarter of an hour. Not shown by holdfast config, for it may hold a token.',
  }),
  afterErrors: number({
    default: 3,
    from: 1,
    to: 1000,
    dtm: 'AlertRetryLimit',
    description:
      'A transaction whose runs end with an error so many times in a row is an incident, until a call of it succeeds.',
  }),
});
