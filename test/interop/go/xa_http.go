package main

import (
	"github.com/dtm-labs/client/dtmcli"
	"github.com/go-resty/resty/v2"
)

func xaHTTP(asked transfer) (string, error) {
	return "", dtmcli.XaGlobalTransaction(coordinator, asked.Gid, func(xa *dtmcli.Xa) (*resty.Response, error) {
		if answer, err := xa.CallBranch(asked.withdrawal(), branchURL("WithdrawXa")); err != nil {
			return answer, err
		}
		return xa.CallBranch(asked.deposit(), branchURL("DepositXa"))
	})
}
