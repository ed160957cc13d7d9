package main

import "github.com/dtm-labs/client/dtmcli"

func sagaHTTP(asked transfer) (string, error) {
	saga := dtmcli.NewSaga(coordinator, asked.Gid)
	saga.Protocol = protocol()
	saga.Add(branchURL("Withdraw"), branchURL("WithdrawUndo"), asked.withdrawal())
	saga.Add(branchURL("Deposit"), branchURL("DepositUndo"), asked.deposit())
	return "", saga.Submit()
}

// concurrentSagaHTTP pays half of it in each of two deposits at once, after the withdrawal. It waits for the end.
func concurrentSagaHTTP(asked transfer) (string, error) {
	half := asked.half()
	saga := dtmcli.NewSaga(coordinator, asked.Gid)
	saga.Protocol = protocol()
	saga.Add(branchURL("Withdraw"), branchURL("WithdrawUndo"), asked.withdrawal())
	saga.Add(branchURL("Deposit"), branchURL("DepositUndo"), half)
	saga.Add(branchURL("Deposit"), branchURL("DepositUndo"), half)
	saga.SetConcurrent().AddBranchOrder(1, []int{0}).AddBranchOrder(2, []int{0})
	saga.WaitResult = true
	return "", saga.Submit()
}
