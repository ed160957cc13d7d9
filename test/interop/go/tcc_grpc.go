package main

import (
	"github.com/dtm-labs/client/dtmgrpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

func tccGrpc(asked transfer) (string, error) {
	return "", dtmgrpc.TccGlobalTransaction(coordinatorGrpc, asked.Gid, func(tcc *dtmgrpc.TccGrpc) error {
		if err := callTccGrpc(tcc, "Withdraw", asked.withdrawal()); err != nil {
			return err
		}
		return callTccGrpc(tcc, "Deposit", asked.deposit())
	})
}

// nestedTccGrpc calls a branch that itself calls the deposit as a branch of the same transaction.
func nestedTccGrpc(asked transfer) (string, error) {
	return "", dtmgrpc.TccGlobalTransaction(coordinatorGrpc, asked.Gid, func(tcc *dtmgrpc.TccGrpc) error {
		if err := callTccGrpc(tcc, "Withdraw", asked.withdrawal()); err != nil {
			return err
		}
		return callTccGrpc(tcc, "Forward", asked.deposit())
	})
}

func callTccGrpc(tcc *dtmgrpc.TccGrpc, name string, asked order) error {
	try, confirm, cancel := branchMethod(name+"Try"), branchMethod(name+"Confirm"), branchMethod(name+"Cancel")
	return tcc.CallBranch(asked.message(), try, confirm, cancel, &emptypb.Empty{})
}
