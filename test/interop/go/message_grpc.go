package main

import (
	"context"

	"github.com/dtm-labs/client/dtmgrpc"
	"github.com/dtm-labs/client/dtmgrpc/dtmgpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// messageGrpc withdraws locally; the deposit is sent with that.
func messageGrpc(asked transfer) (string, error) {
	message := dtmgrpc.NewMsgGrpc(coordinatorGrpc, asked.Gid).Add(branchMethod("Deposit"), asked.deposit().message())
	if commitsItself() {
		return "", message.DoAndSubmit(branchMethod("Query"), asked.withdrawBehind)
	}
	return "", message.DoAndSubmitDB(branchMethod("Query"), openSQL().db, asked.withdrawLocally)
}

// delayGrpc sends nothing before an hour has passed.
func delayGrpc(asked transfer) (string, error) {
	message := dtmgrpc.NewMsgGrpc(coordinatorGrpc, asked.Gid).Add(branchMethod("Deposit"), asked.deposit().message())
	return "", message.SetDelay(3600).Submit()
}

func topicGrpc(asked transfer) (string, error) {
	return "", dtmgrpc.NewMsgGrpc(coordinatorGrpc, asked.Gid).AddTopic(asked.topic(), asked.deposit().message()).Submit()
}

// subscribeGrpc makes the bank's deposits, and its tries of them, subscribers.
func subscribeGrpc(asked transfer) (string, error) {
	connection, err := grpc.Dial(coordinatorGrpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	client := dtmgpb.NewDtmClient(connection)
	for _, name := range []string{"Deposit", "DepositTry"} {
		request := &dtmgpb.DtmTopicRequest{Topic: asked.topic(), URL: branchMethod(name), Remark: "a bank"}
		if _, err := client.Subscribe(context.Background(), request); err != nil {
			return "", err
		}
	}
	return "", nil
}
