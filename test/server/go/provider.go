package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Provider is one of an image backend's several: the address of a server that describes pictures.
type Provider struct{ BaseURL, Key string }

// Picture names what to describe in one of two ways; Bare sends the fields without "input" around them.
type Picture struct {
	ImageURL    string `json:"image_url,omitempty"`
	ImageBase64 string `json:"image_base64,omitempty"`
	Prompt      string `json:"prompt,omitempty"`
	Bare        bool   `json:"bare,omitempty"`
}

type Description struct {
	Caption        string  `json:"caption"`
	ProcessingTime float64 `json:"processing_time"`
	ModelInfo      struct {
		Device    string `json:"device"`
		MaxLength int    `json:"max_length"`
		NumBeams  int    `json:"num_beams"`
		Model     string `json:"model"`
	} `json:"model_info"`
	Image struct {
		Width  int    `json:"width"`
		Height int    `json:"height"`
		Format string `json:"format"`
	} `json:"image"`
}

type refusal struct {
	Error struct {
		Code      string `json:"code"`
		Message   string `json:"message"`
		Retryable bool   `json:"retryable"`
	} `json:"error"`
}

func (provider Provider) body(picture Picture) ([]byte, error) {
	bare := picture.Bare
	picture.Bare = false
	if bare {
		return json.Marshal(picture)
	}
	return json.Marshal(map[string]Picture{"input": picture})
}

// Describe waits for the bare result: no job, no status around it.
func (provider Provider) Describe(picture Picture) (result Description, err error) {
	body, err := provider.body(picture)
	if err != nil {
		return result, err
	}
	request, err := http.NewRequest(http.MethodPost, provider.BaseURL+"/runsync", bytes.NewReader(body))
	if err != nil {
		return result, err
	}
	request.Header.Set("Content-Type", "application/json")
	if provider.Key != "" {
		request.Header.Set("Authorization", "Bearer "+provider.Key)
	}
	client := &http.Client{Timeout: 60 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return result, err
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	if response.StatusCode != http.StatusOK {
		var failed refusal
		if err := decoder.Decode(&failed); err != nil {
			return result, err
		}
		return result, fmt.Errorf("%d %s: %s", response.StatusCode, failed.Error.Code, failed.Error.Message)
	}
	return result, decoder.Decode(&result)
}
