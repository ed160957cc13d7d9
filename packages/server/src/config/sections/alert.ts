import { number, section, text } from '../setting.ts';

export const alert = section('Where alerts about transactions go.', {
  webhookUrl: text({
    default: '',
    maxCharacters: 2048,
    allowed: 'an http or https URL, or nothing',
    isSecret: true,
    dtm: 'AlertWebHook',
    description:
      'The URL that gets a POST for each incident, as JSON with gid, status, kind (decision or failing), branch, error and retry_count. Empty: no alerts. An alert is sent again until the webhook takes it or the incident ends, also after a restart. holdfast config does not show the URL, because it may hold a token.',
  }),
  afterErrors: number({
    default: 3,
    from: 1,
    to: 1000,
    dtm: 'AlertRetryLimit',
    description:
      'How many runs in a row must end with an error until the transaction is an incident. It stops being one when a call succeeds.',
  }),
});
