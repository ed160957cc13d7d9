package main

import (
	"os"
	"strconv"

	"github.com/dtm-labs/client/dtmcli"
)

var (
	dtmsvr          = os.Getenv("COORDINATOR") + "/api/dtmsvr"
	coordinator     = dtmcliServer()
	coordinatorGrpc = os.Getenv("COORDINATOR_GRPC")
	bankHTTP        = os.Getenv("BANK")
	bankGrpc        = os.Getenv("BANK_GRPC")
	// http, json-rpc or grpc: by which the coordinator is spoken to. It calls the bank over HTTP, or over gRPC.
	transport = os.Getenv("TRANSPORT")
	// mysql, postgres or redis.
	databaseKind = os.Getenv("DATABASE")
	databasePort = os.Getenv("DATABASE_PORT")

	// Where an initiator dies, if it does: before-commit, after-commit or after-first-step.
	diesAt           = os.Getenv("DIES_AT")
	workflowCallback = os.Getenv("WORKFLOW_CALLBACK")
)

// dtmcliServer is the address that dtmcli speaks to.
func dtmcliServer() string {
	if transport == "json-rpc" {
		return os.Getenv("COORDINATOR") + "/api/json-rpc"
	}
	return dtmsvr
}

// protocol is what dtmcli's transactions are told, where they do not go over plain HTTP.
func protocol() string {
	if transport == "json-rpc" {
		return transport
	}
	return ""
}

// branchURL is that of a branch over HTTP, for example http://127.0.0.1:1234/Withdraw.
func branchURL(name string) string {
	return bankHTTP + "/" + name
}

// branchMethod is that of a branch over gRPC, for example 127.0.0.1:1234/bank.Bank/Withdraw.
func branchMethod(name string) string {
	return bankGrpc + "/bank.Bank/" + name
}

// databaseConf is how the SDK connects. Without a password it would take the name of the database for one.
func databaseConf() dtmcli.DBConf {
	port, err := strconv.ParseInt(databasePort, 10, 64)
	must(err)
	conf := dtmcli.DBConf{Driver: databaseKind, Host: "127.0.0.1", Port: port, User: "root", Db: "bank", Schema: "bank"}
	if databaseKind == dtmcli.DBTypePostgres {
		conf.Password = "any"
	}
	return conf
}
