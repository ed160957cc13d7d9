import { choice, section } from '../setting.ts';

export const store = section('Where transactions are kept.', {
  driver: choice({
    values: ['sqlite'],
    default: 'sqlite',
    flag: true,
    dtm: 'Store.Driver',
    description: 'The store. `sqlite` is embedded: one process, one folder, nothing else to run.',
  }),
});
