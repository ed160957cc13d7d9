import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { testMySqlNetwork } from './lib/mysql-network.ts';

testMySqlNetwork('MariaDB', mariaDb(), startMariaDb);
