import { mySql } from '../../scripts/lib/toolchains/mysql.ts';
import { startMySql } from '../lib/servers/mysql.ts';
import { testMySqlStore } from './lib/mysql-contract.ts';

testMySqlStore('mysql on MySQL 8.0', mySql(), startMySql);
