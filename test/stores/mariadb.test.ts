import { mariaDb } from '../../scripts/lib/toolchains/databases.ts';
import { startMariaDb } from '../lib/servers/mariadb.ts';
import { testMySqlStore } from './lib/mysql-contract.ts';

testMySqlStore('mysql on MariaDB', mariaDb(), startMariaDb);
