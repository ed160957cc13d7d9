package main

import "github.com/dtm-labs/client/dtmcli"

// messageHTTP withdraws locally; the deposit is sent with that.
func messageHTTP(asked transfer) (string, error) {
	message := dtmcli.NewMsg(coordinator, asked.Gid).Add(branchURL("Deposit"), asked.deposit())
	message.Protocol = protocol()
	if commitsItself() {
		return "", message.DoAndSubmit(branchURL("Query"), asked.withdrawBehind)
	}
	return "", message.DoAndSubmitDB(branchURL("Query"), openSQL().db, asked.withdrawLocally)
}

// delayHTTP sends nothing before an hour has passed.
func delayHTTP(asked transfer) (string, error) {
	message := dtmcli.NewMsg(coordinator, asked.Gid).Add(branchURL("Deposit"), asked.deposit())
	message.Protocol = protocol()
	return "", message.SetDelay(3600).Submit()
}

func topicHTTP(asked transfer) (string, error) {
	return "", dtmcli.NewMsg(coordinator, asked.Gid).AddTopic(asked.topic(), asked.deposit()).Submit()
}
