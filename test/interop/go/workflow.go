package main

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/dtm-labs/client/dtmcli"
	"github.com/dtm-labs/client/workflow"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
)

// runWorkflow starts a workflow of the pattern's name in this process. The coordinator calls the bank's back.
func runWorkflow(asked transfer) (string, error) {
	registerWorkflows(grpc.NewServer())
	data, err := json.Marshal(asked)
	must(err)
	result, err := workflow.ExecuteCtx(context.Background(), asked.Pattern, asked.Gid, data)
	return string(result), err
}

// registerWorkflows makes them known to a process: whoever is called back must have them as well as whoever starts one.
func registerWorkflows(server *grpc.Server) {
	if transport == "grpc" {
		workflow.InitGrpc(coordinatorGrpc, bankGrpc, server)
	} else {
		workflow.InitHTTP(coordinator, workflowCallback)
	}
	must(workflow.Register2("workflow", withdrawAndDeposit))
	must(workflow.Register2("workflow-xa", withdrawAndDepositXa))
}

// withdrawAndDeposit withdraws in a local transaction, and deposits by a call.
func withdrawAndDeposit(wf *workflow.Workflow, data []byte) ([]byte, error) {
	var asked transfer
	must(json.Unmarshal(data, &asked))
	books := openLedger()
	_, err := wf.NewBranch().OnRollback(func(branch *dtmcli.BranchBarrier) error {
		return books.post(branch, postings["WithdrawUndo"], asked.withdrawal())
	}).Do(func(branch *dtmcli.BranchBarrier) ([]byte, error) {
		return nil, books.post(branch, postings["Withdraw"], asked.withdrawal())
	})
	if err != nil {
		return nil, err
	}
	dies("after-first-step")
	if err := callDeposit(wf, asked.deposit()); err != nil {
		return nil, err
	}
	return []byte("paid"), nil
}

func callDeposit(wf *workflow.Workflow, asked order) error {
	if transport == "http" {
		_, err := wf.NewBranch().NewRequest().SetBody(asked).Post(branchURL("Deposit"))
		return err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUnaryInterceptor(workflow.Interceptor),
	}
	connection, err := grpc.Dial(bankGrpc, options...)
	must(err)
	defer connection.Close()
	return connection.Invoke(wf.NewBranchCtx(), "/bank.Bank/Deposit", asked.message(), &emptypb.Empty{})
}

// withdrawAndDepositXa does both in XA branches, which are committed or rolled back together.
func withdrawAndDepositXa(wf *workflow.Workflow, data []byte) ([]byte, error) {
	var asked transfer
	must(json.Unmarshal(data, &asked))
	steps := []struct {
		work  posting
		asked order
	}{{postings["Withdraw"], asked.withdrawal()}, {postings["Deposit"], asked.deposit()}}
	for _, step := range steps {
		step := step
		_, err := wf.NewBranch().DoXa(databaseConf(), func(db *sql.DB) ([]byte, error) {
			return nil, change(db, step.work, step.asked)
		})
		if err != nil {
			return nil, err
		}
		dies("after-first-step")
	}
	return []byte("paid"), nil
}
