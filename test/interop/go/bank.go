package main

import (
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/dtm-labs/client/dtmcli"
	"google.golang.org/grpc"
)

// bank serves the branches, over HTTP and over gRPC.
type bank struct {
	ledger ledger
	lost   sync.Map
}

// call is a branch call, however it came. Its functions read the transaction from where the transport carries it.
type call struct {
	name    string
	asked   order
	barrier func() (*dtmcli.BranchBarrier, error)
	// forward is a try that calls the tries of a nested TCC.
	forward func() error
	// xa does the local work of an XA branch, or ends it.
	xa func(work posting) error
}

func (b *bank) perform(asked call) error {
	switch asked.name {
	case "Query":
		return b.behindBarrier(asked, b.ledger.queryPrepared)
	case "ForwardTry":
		return asked.forward()
	case "ForwardConfirm", "ForwardCancel":
		// The branches that were called have their own.
		return nil
	case "WithdrawXa":
		return asked.xa(postings["Withdraw"])
	case "DepositXa":
		return asked.xa(postings["Deposit"])
	}
	work, known := postings[asked.name]
	if !known {
		return fmt.Errorf("no such branch: %s", asked.name)
	}
	return b.behindBarrier(asked, func(branch *dtmcli.BranchBarrier) error {
		return b.ledger.post(branch, work, asked.asked)
	})
}

func (b *bank) behindBarrier(asked call, work func(branch *dtmcli.BranchBarrier) error) error {
	branch, err := asked.barrier()
	if err != nil {
		return err
	}
	return work(branch)
}

// losesAnswer is true at the first call of a branch that is to be done and not answered.
func (b *bank) losesAnswer(asked call) bool {
	if !asked.asked.LoseAnswer {
		return false
	}
	branch, err := asked.barrier()
	must(err)
	_, again := b.lost.LoadOrStore(branch.Gid+" "+branch.BranchID+" "+branch.Op, true)
	return !again
}

// serveBank prints where it listens, and serves until the process is ended.
func serveBank() {
	bank := &bank{ledger: openLedger()}
	web, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	remote, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	bankHTTP, bankGrpc = "http://"+web.Addr().String(), remote.Addr().String()
	workflowCallback = branchURL("workflow")
	server := grpc.NewServer()
	registerBank(server, bank)
	registerWorkflows(server)
	go func() { must(server.Serve(remote)) }()
	fmt.Printf("grpc %s\nbank %s\n", bankGrpc, bankHTTP)
	must(http.Serve(web, bank))
}
