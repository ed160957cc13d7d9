package main

import (
	"github.com/dtm-labs/client/dtmgrpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

func xaGrpc(asked transfer) (string, error) {
	return "", dtmgrpc.XaGlobalTransaction(coordinatorGrpc, asked.Gid, func(xa *dtmgrpc.XaGrpc) error {
		withdrawal, deposit := asked.withdrawal().message(), asked.deposit().message()
		if err := xa.CallBranch(withdrawal, branchMethod("WithdrawXa"), &emptypb.Empty{}); err != nil {
			return err
		}
		return xa.CallBranch(deposit, branchMethod("DepositXa"), &emptypb.Empty{})
	})
}
