package main

import (
	"database/sql"

	"github.com/dtm-labs/client/dtmcli"
)

// withdrawLocally is the work of the local transaction, which the SDK commits afterwards.
func (t transfer) withdrawLocally(tx *sql.Tx) error {
	dies("before-commit")
	return change(tx, postings["Withdraw"], t.withdrawal())
}

// withdrawBehind does the local work behind the barrier of a message, and commits it.
func (t transfer) withdrawBehind(branch *dtmcli.BranchBarrier) error {
	dies("before-commit")
	err := openLedger().post(branch, postings["Withdraw"], t.withdrawal())
	dies("after-commit")
	return err
}

// commitsItself is so where the SDK has no local transaction to commit, or where the initiator dies right after it.
func commitsItself() bool {
	return databaseKind == "redis" || diesAt == "after-commit"
}

// lateWork is the local work of a message, begun when the message has been decided.
func lateWork(asked transfer) (string, error) {
	branch, err := dtmcli.BarrierFrom("msg", asked.Gid, "00", "msg")
	must(err)
	return "", openLedger().post(branch, postings["Withdraw"], asked.withdrawal())
}

// topic is one that nobody else sends to.
func (t transfer) topic() string {
	return "deposits-of-" + t.Payee
}
