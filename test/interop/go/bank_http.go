package main

import (
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/dtm-labs/client/dtmcli"
	"github.com/dtm-labs/client/workflow"
)

func (b *bank) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	body, err := io.ReadAll(request.Body)
	must(err)
	name := strings.TrimPrefix(request.URL.Path, "/")
	if name == "workflow" {
		answer(response, workflow.ExecuteByQS(query, body))
		return
	}
	asked := call{name: name, barrier: func() (*dtmcli.BranchBarrier, error) { return dtmcli.BarrierFromQuery(query) }}
	if len(body) > 0 {
		must(json.Unmarshal(body, &asked.asked))
	}
	asked.forward = func() error {
		tcc, err := dtmcli.TccFromQuery(query)
		if err != nil {
			return err
		}
		_, err = callTccHTTP(tcc, "Deposit", asked.asked)
		return err
	}
	asked.xa = func(work posting) error {
		return dtmcli.XaLocalTransaction(query, databaseConf(), func(db *sql.DB, _ *dtmcli.Xa) error {
			return change(db, work, asked.asked)
		})
	}
	err = b.perform(asked)
	if b.losesAnswer(asked) {
		// It ends in its middle. (If nothing of it came, the connection could have been closing already, and the call
		// would be sent again at once.)
		response.Header().Set("Content-Length", "100")
		response.WriteHeader(http.StatusOK)
		must(http.NewResponseController(response).Flush())
		panic(http.ErrAbortHandler)
	}
	answer(response, err)
}

func answer(response http.ResponseWriter, err error) {
	var result interface{} = dtmcli.MapSuccess
	if err != nil {
		result = err
	}
	status, body := dtmcli.Result2HttpJSON(result)
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	must(json.NewEncoder(response).Encode(body))
}
