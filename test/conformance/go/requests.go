package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	shortTimeout = 3 * time.Second  // every call but the ones that wait
	syncWait     = 60 * time.Second // told to the server in ms; the client itself waits 2 s longer
)

// One endpoint as the Go SDK addresses it: base URL without a trailing slash.
type Endpoint struct{ BaseURL, Name, Key string }

// POST with a JSON content type even where the body is empty; only 200 is success.
func (endpoint Endpoint) call(method, path string, body []byte, timeout time.Duration, into any) error {
	url := endpoint.BaseURL + "/" + endpoint.Name + path
	request, err := http.NewRequest(method, url, bytes.NewBuffer(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+endpoint.Key)
	client := &http.Client{Timeout: timeout}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("response status %s", response.Status)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func waiting(path string) string { return fmt.Sprintf("%s?wait=%d", path, syncWait.Milliseconds()) }

func (endpoint Endpoint) Run(job JobRequest) (started Started, err error) {
	body, err := json.Marshal(job)
	if err != nil {
		return started, err
	}
	err = endpoint.call("POST", "/run", body, shortTimeout, &started)
	return started, err
}

func (endpoint Endpoint) RunSync(job JobRequest) (state JobState, err error) {
	body, err := json.Marshal(job)
	if err != nil {
		return state, err
	}
	err = endpoint.call("POST", waiting("/runsync"), body, syncWait+2*time.Second, &state)
	if err != nil || state.ended() {
		return state, err
	}
	return endpoint.StatusSync(*state.ID)
}

func (endpoint Endpoint) StatusSync(id string) (state JobState, err error) {
	for deadline := time.Now().Add(syncWait); time.Now().Before(deadline); {
		state = JobState{}
		err = endpoint.call("POST", waiting("/status-sync/"+id), nil, syncWait+2*time.Second, &state)
		if err != nil || state.ended() {
			return state, err
		}
	}
	return state, fmt.Errorf("timeout reached")
}

func (endpoint Endpoint) Status(id string) (state JobState, err error) {
	err = endpoint.call("POST", "/status/"+id, nil, shortTimeout, &state)
	return state, err
}

func (endpoint Endpoint) Stream(id string) (outputs []any, err error) {
	outputs = []any{}
	for deadline := time.Now().Add(syncWait); time.Now().Before(deadline); {
		var part StreamPart
		if err := endpoint.call("POST", waiting("/stream/"+id), nil, syncWait+2*time.Second, &part); err != nil {
			return nil, err
		}
		for _, item := range part.Stream {
			outputs = append(outputs, item["output"])
		}
		if part.Status != nil && completed(*part.Status) {
			return outputs, nil
		}
	}
	return nil, fmt.Errorf("timeout reached")
}

func (endpoint Endpoint) Cancel(id string) (state JobState, err error) {
	err = endpoint.call("POST", "/cancel/"+id, nil, shortTimeout, &state)
	return state, err
}

func (endpoint Endpoint) Health() (health Health, err error) {
	err = endpoint.call("GET", "/health", nil, shortTimeout, &health)
	return health, err
}

func (endpoint Endpoint) PurgeQueue() (purged Purged, err error) {
	err = endpoint.call("POST", "/purge-queue", nil, shortTimeout, &purged)
	return purged, err
}
