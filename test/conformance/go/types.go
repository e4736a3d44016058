package main

// The Go SDK's types are strict: a fraction in a time or an error that is no string fails the whole answer.

type JobRequest struct {
	Input   map[string]any `json:"input,omitempty"`
	Policy  map[string]int `json:"policy,omitempty"`
	Webhook *string        `json:"webhook,omitempty"`
}

type Started struct {
	ID     *string `json:"id,omitempty"`
	Status *string `json:"status,omitempty"`
}

type JobState struct {
	DelayTime     *int    `json:"delayTime,omitempty"`
	Error         *string `json:"error,omitempty"`
	ExecutionTime *int    `json:"executionTime,omitempty"`
	ID            *string `json:"id,omitempty"`
	Output        *any    `json:"output,omitempty"`
	Retries       *int    `json:"retries,omitempty"`
	Status        *string `json:"status,omitempty"`
}

func completed(status string) bool {
	return status == "COMPLETED" || status == "FAILED" || status == "CANCELLED" || status == "TIMED_OUT"
}

func (state JobState) ended() bool {
	return state.Error != nil || state.Status != nil && completed(*state.Status)
}

type StreamPart struct {
	Status *string
	Stream []map[string]any
}

type Health struct {
	Workers *struct {
		Running      *int `json:"running,omitempty"`
		Idle         *int `json:"idle,omitempty"`
		Initializing *int `json:"initializing,omitempty"`
		Ready        *int `json:"ready,omitempty"`
		Throttled    *int `json:"throttled,omitempty"`
	} `json:"workers,omitempty"`
	Jobs *struct {
		InProgress *int `json:"inProgress,omitempty"`
		InQueue    *int `json:"inQueue,omitempty"`
		Completed  *int `json:"completed,omitempty"`
		Failed     *int `json:"failed,omitempty"`
		Retried    *int `json:"retried,omitempty"`
	} `json:"jobs,omitempty"`
}

type Purged struct {
	Status  *string `json:"status,omitempty"`
	Removed *int    `json:"removed,omitempty"`
}
