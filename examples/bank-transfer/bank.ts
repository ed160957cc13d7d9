import { DatabaseSync } from 'node:sqlite';
import { barrierSchema } from './barrier.ts';

/** A business refusal: final, the transaction rolls back. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export interface Account {
  readonly owner: string;
  readonly balance: number;
  /** Set aside by a transfer that is not decided yet (TCC). */
  readonly frozen: number;
}

/** One change of a balance, as in a bank statement. */
export interface Posting {
  readonly owner: string;
  readonly amount: number;
  readonly gid: string;
  readonly op: string;
}

/** A bank: accounts and postings in a database file of its own. Amounts are whole units. */
export class Bank {
  readonly db: DatabaseSync;

  constructor(path: string) {
    this.db = new DatabaseSync(path, { timeout: 5000 });
    this.db.exec('pragma journal_mode = wal; pragma synchronous = full');
    this.db.exec(`
      create table if not exists account (
        owner text primary key,
        balance integer not null check (balance >= 0),
        frozen integer not null default 0 check (frozen >= 0)
      ) strict;
      create table if not exists posting (
        id integer primary key,
        owner text not null,
        amount integer not null,
        gid text not null,
        op text not null
      ) strict`);
    this.db.exec(barrierSchema);
  }

  /** Opens an account, once; a restarted service finds it as it left it. */
  openAccount(owner: string, balance: number): void {
    this.db.prepare('insert into account (owner, balance) values (?, ?) on conflict do nothing').run(owner, balance);
  }

  accounts(): Account[] {
    return this.db
      .prepare('select owner, balance, frozen from account order by owner')
      .all()
      .map((row) => ({
        owner: String(row['owner']),
        balance: Number(row['balance']),
        frozen: Number(row['frozen']),
      }));
  }

  postings(gid: string): Posting[] {
    return this.db
      .prepare('select owner, amount, gid, op from posting where gid = ? order by id')
      .all(gid)
      .map((row) => ({
        owner: String(row['owner']),
        amount: Number(row['amount']),
        gid: String(row['gid']),
        op: String(row['op']),
      }));
  }

  /** Changes a balance by `amount`, which may be negative. @throws Refused for an unknown owner or lack of funds */
  post(owner: string, amount: number, gid: string, op: string): void {
    const balance = this.balanceOf(owner);
    if (balance + amount < 0) throw new Refused(`${owner} has ${balance}, that is not enough to pay ${-amount}`);
    this.db.prepare('update account set balance = balance + ? where owner = ?').run(amount, owner);
    this.db.prepare('insert into posting (owner, amount, gid, op) values (?, ?, ?, ?)').run(owner, amount, gid, op);
  }

  /** Sets `amount` aside: still the owner's, but not to be spent. @throws Refused for lack of funds */
  freeze(owner: string, amount: number, gid: string, op: string): void {
    this.post(owner, -amount, gid, op);
    this.db.prepare('update account set frozen = frozen + ? where owner = ?').run(amount, owner);
  }

  /** What was set aside leaves the bank. */
  spendFrozen(owner: string, amount: number): void {
    this.db.prepare('update account set frozen = frozen - ? where owner = ?').run(amount, owner);
  }

  /** What was set aside can be spent again. */
  unfreeze(owner: string, amount: number, gid: string, op: string): void {
    this.spendFrozen(owner, amount);
    this.post(owner, amount, gid, op);
  }

  /** @throws Refused where the owner has no account here */
  balanceOf(owner: string): number {
    const row = this.db.prepare('select balance from account where owner = ?').get(owner);
    if (row === undefined) throw new Refused(`nobody called ${owner} has an account here`);
    return Number(row['balance']);
  }

  close(): void {
    this.db.close();
  }
}
