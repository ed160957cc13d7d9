package main

import "github.com/dtm-labs/client/dtmcli"

// ledger is where the bank keeps its accounts, beside the barrier.
type ledger interface {
	// post changes an account behind the barrier of a branch.
	post(branch *dtmcli.BranchBarrier, work posting, asked order) error
	// queryPrepared says whether the local work of a message was done; from then on it cannot be.
	queryPrepared(branch *dtmcli.BranchBarrier) error
}

func openLedger() ledger {
	if databaseKind == "redis" {
		return openRedis()
	}
	return openSQL()
}
