import { number, section, text } from '../setting.ts';

export const alert = section('Telling somebody that a transaction needs a human.', {
  webhookUrl: text({
    default: '',
    maxCharacters: 2048,
    allowed: 'an http or https URL, or nothing',
    isSecret: true,
    dtm: 'AlertWebHook',
    description:
      'Where Holdfast POSTs each incident, as JSON with gid, status, branch, error and retry_count. Empty: nowhere. An alert is sent again until the webhook takes it or the incident ends, also after a restart. holdfast config does not show the URL, because it may hold a token.',
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
