// Reads one answer after the other with Go's net/http, as its client does without settings of ours. On its standard input
// is a JSON array of answers in base64; on its output is one of what was read: the status and the body, also in base64,
// or nothing where it was refused.
package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"
)

type reading struct {
	Status int    `json:"status"`
	Body   []byte `json:"body"`
}

type result struct {
	Version  string     `json:"version"`
	Readings []*reading `json:"readings"`
}

func main() {
	var answers [][]byte
	if err := json.NewDecoder(os.Stdin).Decode(&answers); err != nil {
		panic(err)
	}
	all := result{Version: runtime.Version(), Readings: make([]*reading, len(answers))}
	for index, answer := range answers {
		all.Readings[index] = read(answer)
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		panic(err)
	}
}

// What Go's client reads if a service writes this answer and closes the connection.
func read(answer []byte) *reading {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	go serve(listener, answer)
	client := http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://" + listener.Addr().String() + "/")
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil
	}
	return &reading{Status: response.StatusCode, Body: body}
}

// Writes the answer to each connection: the client may open another one.
func serve(listener net.Listener, answer []byte) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		request := make([]byte, 4096)
		connection.Read(request)
		connection.Write(answer)
		connection.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, connection)
		connection.Close()
	}
}
