import { choice, section } from '../setting.ts';

export const log = section('What is logged on stderr: lines for people on a terminal, else JSON lines.', {
  level: choice({
    values: ['debug', 'info', 'warn', 'error'],
    default: 'info',
    flag: true,
    dtm: 'LogLevel',
    description: 'The least important level that is logged.',
  }),
});
