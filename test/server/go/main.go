// Backends in Go that ask for captions over plain HTTP, behind the line protocol of conformance/clients.py.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

func perform(base, key, operation string, argument json.RawMessage) (any, error) {
	switch operation {
	case "describe":
		var picture Picture
		if err := json.Unmarshal(argument, &picture); err != nil {
			return nil, err
		}
		return Provider{base, key}.Describe(picture)
	case "vision":
		var ask VisionAsk
		if err := json.Unmarshal(argument, &ask); err != nil {
			return nil, err
		}
		return askVision(base, key, ask)
	}
	return nil, fmt.Errorf("there is no operation %s", operation)
}

func answer(base, key string, line []byte) any {
	var call []json.RawMessage
	var operation string
	if err := json.Unmarshal(line, &call); err != nil || len(call) != 2 {
		return map[string]any{"failure": fmt.Sprintf("not a call: %v", err)}
	}
	if err := json.Unmarshal(call[0], &operation); err != nil {
		return map[string]any{"failure": err.Error()}
	}
	value, err := perform(base, key, operation, call[1])
	if err != nil {
		return map[string]any{"failure": err.Error()}
	}
	return map[string]any{"value": value}
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		if err := out.Encode(answer(os.Getenv("BASE_URL"), os.Getenv("API_KEY"), line)); err != nil {
			panic(err)
		}
	}
}
