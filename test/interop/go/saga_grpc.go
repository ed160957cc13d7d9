package main

import "github.com/dtm-labs/client/dtmgrpc"

func sagaGrpc(asked transfer) (string, error) {
	saga := dtmgrpc.NewSagaGrpc(coordinatorGrpc, asked.Gid)
	saga.Add(branchMethod("Withdraw"), branchMethod("WithdrawUndo"), asked.withdrawal().message())
	saga.Add(branchMethod("Deposit"), branchMethod("DepositUndo"), asked.deposit().message())
	return "", saga.Submit()
}

// concurrentSagaGrpc pays half of it in each of two deposits at once, after the withdrawal. It waits for the end.
func concurrentSagaGrpc(asked transfer) (string, error) {
	half := asked.half().message()
	saga := dtmgrpc.NewSagaGrpc(coordinatorGrpc, asked.Gid)
	saga.Add(branchMethod("Withdraw"), branchMethod("WithdrawUndo"), asked.withdrawal().message())
	saga.Add(branchMethod("Deposit"), branchMethod("DepositUndo"), half)
	saga.Add(branchMethod("Deposit"), branchMethod("DepositUndo"), half)
	saga.EnableConcurrent().AddBranchOrder(1, []int{0}).AddBranchOrder(2, []int{0})
	saga.WaitResult = true
	return "", saga.Submit()
}
