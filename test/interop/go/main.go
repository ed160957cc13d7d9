// Command interop is a bank, and the initiators of its transfers, on dtm's Go SDK.
//
//	interop bank             serves the branches
//	interop start TRANSFER   starts one transaction, described in JSON
//
// An initiator prints two lines of JSON: {"gid"} before it starts, and what the SDK said at the end.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/dtm-labs/client/dtmcli"
	"github.com/dtm-labs/client/dtmgrpc"
	"github.com/dtm-labs/logger"
)

// transfer is what an initiator is asked to do: to bring an amount from one account to another.
type transfer struct {
	Pattern    string `json:"pattern"`
	Payer      string `json:"payer"`
	Payee      string `json:"payee"`
	Amount     int64  `json:"amount"`
	LoseAnswer bool   `json:"loseAnswer"`
	// Empty: the coordinator is asked for one.
	Gid string `json:"gid"`
}

// initiators are the patterns, by the transport. Over JSON-RPC the SDK is used as over HTTP. Each returns what the SDK told its caller.
var initiators = map[string]func(asked transfer) (string, error){
	"saga http":                sagaHTTP,
	"saga json-rpc":            sagaHTTP,
	"saga grpc":                sagaGrpc,
	"concurrent-saga http":     concurrentSagaHTTP,
	"concurrent-saga json-rpc": concurrentSagaHTTP,
	"concurrent-saga grpc":     concurrentSagaGrpc,
	"tcc http":                 tccHTTP,
	"tcc json-rpc":             tccHTTP,
	"tcc grpc":                 tccGrpc,
	"nested-tcc http":          nestedTccHTTP,
	"nested-tcc grpc":          nestedTccGrpc,
	"message http":             messageHTTP,
	"message json-rpc":         messageHTTP,
	"message grpc":             messageGrpc,
	"late-work http":           lateWork,
	"late-work json-rpc":       lateWork,
	"late-work grpc":           lateWork,
	"delay http":               delayHTTP,
	"delay json-rpc":           delayHTTP,
	"delay grpc":               delayGrpc,
	"topic http":               topicHTTP,
	"topic grpc":               topicGrpc,
	"subscribe grpc":           subscribeGrpc,
	"xa http":                  xaHTTP,
	"xa grpc":                  xaGrpc,
	"workflow http":            runWorkflow,
	"workflow grpc":            runWorkflow,
	"workflow-xa http":         runWorkflow,
	"workflow-xa grpc":         runWorkflow,
}

func main() {
	// What the SDK logs must not mix with what is printed.
	logger.InitLog2("warn", logger.StdErr, 0, "")
	if len(os.Args) == 2 && os.Args[1] == "bank" {
		serveBank()
		return
	}
	if len(os.Args) != 3 || os.Args[1] != "start" {
		fmt.Fprintln(os.Stderr, "usage: interop bank | interop start TRANSFER")
		os.Exit(2)
	}
	var asked transfer
	must(json.Unmarshal([]byte(os.Args[2]), &asked))
	start, known := initiators[asked.Pattern+" "+transport]
	if !known {
		must(fmt.Errorf("no such pattern: %s over %s", asked.Pattern, transport))
	}
	if asked.Gid == "" {
		asked.Gid = newGid()
	}
	print(map[string]string{"gid": asked.Gid})
	returned, err := start(asked)
	if err != nil {
		print(map[string]string{"raised": err.Error()})
		return
	}
	print(map[string]string{"returned": returned})
}

func newGid() string {
	if transport == "grpc" {
		return dtmgrpc.MustGenGid(coordinatorGrpc)
	}
	// Over JSON-RPC the SDK cannot ask.
	return dtmcli.MustGenGid(dtmsvr)
}

func (t transfer) withdrawal() order {
	return order{Account: t.Payer, Amount: t.Amount, LoseAnswer: t.LoseAnswer}
}

func (t transfer) deposit() order {
	return order{Account: t.Payee, Amount: t.Amount, LoseAnswer: t.LoseAnswer}
}

// half is one of two deposits.
func (t transfer) half() order {
	half := t.deposit()
	half.Amount /= 2
	return half
}

// dies ends the process at the place that it was told, as kill -9 would.
func dies(at string) {
	if diesAt == at {
		os.Exit(9)
	}
}

func print(line map[string]string) {
	text, err := json.Marshal(line)
	must(err)
	fmt.Println(string(text))
}

// must is for what can only go wrong where the test is wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
