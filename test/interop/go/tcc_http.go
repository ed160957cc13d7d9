package main

import (
	"github.com/dtm-labs/client/dtmcli"
	"github.com/go-resty/resty/v2"
)

func tccHTTP(asked transfer) (string, error) {
	custom := func(tcc *dtmcli.Tcc) { tcc.Protocol = protocol() }
	return "", dtmcli.TccGlobalTransaction2(coordinator, asked.Gid, custom, func(tcc *dtmcli.Tcc) (*resty.Response, error) {
		if answer, err := callTccHTTP(tcc, "Withdraw", asked.withdrawal()); err != nil {
			return answer, err
		}
		return callTccHTTP(tcc, "Deposit", asked.deposit())
	})
}

// nestedTccHTTP calls a branch that itself calls the deposit as a branch of the same transaction.
func nestedTccHTTP(asked transfer) (string, error) {
	return "", dtmcli.TccGlobalTransaction(coordinator, asked.Gid, func(tcc *dtmcli.Tcc) (*resty.Response, error) {
		if answer, err := callTccHTTP(tcc, "Withdraw", asked.withdrawal()); err != nil {
			return answer, err
		}
		return callTccHTTP(tcc, "Forward", asked.deposit())
	})
}

func callTccHTTP(tcc *dtmcli.Tcc, name string, asked order) (*resty.Response, error) {
	return tcc.CallBranch(asked, branchURL(name+"Try"), branchURL(name+"Confirm"), branchURL(name+"Cancel"))
}
