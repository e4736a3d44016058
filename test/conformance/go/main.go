// The Go SDK's exact requests, written from its source, behind the line protocol of clients.py.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

func perform(endpoint Endpoint, operation string, argument json.RawMessage) (any, error) {
	var id string
	var job JobRequest
	if operation == "run" || operation == "runsync" {
		if err := json.Unmarshal(argument, &job); err != nil {
			return nil, err
		}
	} else if string(argument) != "null" {
		if err := json.Unmarshal(argument, &id); err != nil {
			return nil, err
		}
	}
	switch operation {
	case "run":
		return endpoint.Run(job)
	case "runsync":
		return endpoint.RunSync(job)
	case "status", "raw":
		return endpoint.Status(id)
	case "output":
		state, err := endpoint.StatusSync(id)
		return state.Output, err
	case "stream":
		return endpoint.Stream(id)
	case "cancel":
		return endpoint.Cancel(id)
	case "health":
		return endpoint.Health()
	case "purge":
		return endpoint.PurgeQueue()
	}
	return nil, fmt.Errorf("there is no operation %s", operation)
}

func answer(endpoint Endpoint, line []byte) any {
	var call []json.RawMessage
	var operation string
	if err := json.Unmarshal(line, &call); err != nil || len(call) != 2 {
		return map[string]any{"failure": fmt.Sprintf("not a call: %v", err)}
	}
	if err := json.Unmarshal(call[0], &operation); err != nil {
		return map[string]any{"failure": err.Error()}
	}
	value, err := perform(endpoint, operation, call[1])
	if err != nil {
		return map[string]any{"failure": err.Error()}
	}
	return map[string]any{"value": value}
}

func main() {
	endpoint := Endpoint{os.Getenv("BASE_URL"), os.Getenv("ENDPOINT"), os.Getenv("API_KEY")}
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		if err := out.Encode(answer(endpoint, line)); err != nil {
			panic(err)
		}
	}
}
