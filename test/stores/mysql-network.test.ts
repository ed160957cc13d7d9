import { mySql } from '../../scripts/lib/toolchains/mysql.ts';
import { startMySql } from '../lib/servers/mysql.ts';
import { testMySqlNetwork } from './lib/mysql-network.ts';

testMySqlNetwork('MySQL 8.0', mySql(), startMySql);
