package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The requests and answers of PhotoPrism's Vision client, from the names in its source: `suffix` and `stream` are
// always sent, everything else only where it is set.
type visionRequest struct {
	ID      string         `json:"id,omitempty"`
	Model   string         `json:"model,omitempty"`
	Version string         `json:"version,omitempty"`
	System  string         `json:"system,omitempty"`
	Prompt  string         `json:"prompt,omitempty"`
	Suffix  string         `json:"suffix"`
	Format  string         `json:"format,omitempty"`
	URL     string         `json:"url,omitempty"`
	Options *visionOptions `json:"options,omitempty"`
	Stream  bool           `json:"stream"`
	Images  []string       `json:"images,omitempty"`
}

type visionOptions struct {
	Temperature float64 `json:"temperature,omitempty"`
	NumPredict  int     `json:"num_predict,omitempty"`
}

type visionResponse struct {
	ID     string `json:"id,omitempty"`
	Code   int    `json:"code,omitempty"`
	Error  string `json:"error,omitempty"`
	Result struct {
		Labels []struct {
			Name       string  `json:"name"`
			Source     string  `json:"source"`
			Confidence float32 `json:"confidence,omitempty"`
			Topicality float32 `json:"topicality,omitempty"`
		} `json:"labels,omitempty"`
		Caption *struct {
			Text       string  `json:"text,omitempty"`
			Confidence float32 `json:"confidence,omitempty"`
		} `json:"caption,omitempty"`
	} `json:"result"`
}

// VisionAsk is what to ask for: Task is the last part of the path.
type VisionAsk struct {
	Task    string        `json:"task"`
	Request visionRequest `json:"request"`
}

// As its client does, which reads the error from the body, whatever the status.
func askVision(base, key string, ask VisionAsk) (answer visionResponse, err error) {
	body, err := json.Marshal(ask.Request)
	if err != nil {
		return answer, err
	}
	address := base + "/api/v1/vision/" + ask.Task
	request, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	client := http.Client{Timeout: 60 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return answer, err
	}
	if answer.Code >= 400 {
		return answer, fmt.Errorf("%d %s", answer.Code, answer.Error)
	}
	if len(answer.Result.Labels) == 0 && answer.Result.Caption == nil {
		return answer, errors.New("no result")
	}
	return answer, nil
}
