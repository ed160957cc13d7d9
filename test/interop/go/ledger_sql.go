package main

import (
	"database/sql"
	"fmt"
	"strings"

	"github.com/dtm-labs/client/dtmcli"
	"github.com/dtm-labs/client/dtmcli/dtmimp"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/lib/pq"
)

type sqlLedger struct {
	db *sql.DB
}

func openSQL() sqlLedger {
	dtmcli.SetCurrentDBType(databaseKind)
	db, err := sql.Open(databaseKind, dtmimp.GetDsn(databaseConf()))
	must(err)
	return sqlLedger{db}
}

func (l sqlLedger) post(branch *dtmcli.BranchBarrier, work posting, asked order) error {
	return branch.CallWithDB(l.db, func(tx *sql.Tx) error { return change(tx, work, asked) })
}

func (l sqlLedger) queryPrepared(branch *dtmcli.BranchBarrier) error {
	return branch.QueryPrepared(l.db)
}

// executor is a transaction, or the connection of an XA branch.
type executor interface {
	Exec(query string, arguments ...interface{}) (sql.Result, error)
}

// change is one statement; an account that is missing or would be overdrawn is a failure for good.
func change(db executor, work posting, asked order) error {
	statement := "update bank.account set balance = balance + ?, outgoing = outgoing + ?, incoming = incoming + ?" +
		" where name = ? and balance + ? >= 0"
	if databaseKind == dtmcli.DBTypePostgres {
		for number := 1; strings.Contains(statement, "?"); number++ {
			statement = strings.Replace(statement, "?", fmt.Sprintf("$%d", number), 1)
		}
	}
	balance, outgoing, incoming := work.balance*asked.Amount, work.outgoing*asked.Amount, work.incoming*asked.Amount
	done, err := db.Exec(statement, balance, outgoing, incoming, asked.Account, balance)
	if err != nil {
		return err
	}
	if rows, err := done.RowsAffected(); err != nil || rows == 1 {
		return err
	}
	return fmt.Errorf("no such account, or not enough money: %s. %w", asked.Account, dtmcli.ErrFailure)
}
