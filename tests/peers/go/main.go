// Makes the calls of its input with coze-go, one line of JSON each, and answers each with another.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	"github.com/coze-dev/coze-go"
)

type request struct {
	Call  string
	URL   string
	Token string
	Given struct{ Wire map[string]any }
}

type raised struct {
	Kind string `json:"kind"`
	Code *int   `json:"code"`
	Text string `json:"text"`
}

func main() {
	replies := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		value, err := answer(lines.Bytes())
		reply := map[string]any{"value": value}
		if err != nil {
			reply = map[string]any{"raised": describe(err)}
		}
		if replies.Encode(reply) != nil {
			return
		}
	}
}

func answer(line []byte) (value any, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("panic: %v", caught)
		}
	}()
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return nil, err
	}
	client := coze.NewCozeAPI(coze.NewTokenAuth(asked.Token), coze.WithBaseURL(asked.URL), coze.WithLogLevel(coze.LogLevelError))
	found := map[string]reflect.Value{}
	collectMethods(reflect.ValueOf(client), "", found)
	if asked.Call == "methods" {
		return sortedNames(found), nil
	}
	results := found[asked.Call].Call(argumentsOf(found[asked.Call].Type(), asked.Given.Wire))
	if failed, ok := results[len(results)-1].Interface().(error); ok {
		return nil, failed
	}
	return read(results[0])
}

func describe(err error) raised {
	var refused *coze.Error
	if errors.As(err, &refused) {
		return raised{"Error", &refused.Code, err.Error()}
	}
	return raised{fmt.Sprintf("%T", err), nil, err.Error()}
}

// read returns the items of a list, the events of a stream, the length of a sound, or the value itself.
func read(result reflect.Value) (any, error) {
	if next := result.MethodByName("Next"); next.IsValid() {
		items := []any{}
		for next.Call(nil)[0].Bool() {
			items = append(items, result.MethodByName("Current").Call(nil)[0].Interface())
		}
		failed, _ := result.MethodByName("Err").Call(nil)[0].Interface().(error)
		return items, failed
	}
	if receive := result.MethodByName("Recv"); receive.IsValid() {
		return readStream(receive)
	}
	if sound, ok := result.Interface().(*coze.CreateAudioSpeechResp); ok {
		length, err := io.Copy(io.Discard, sound.Data)
		return length, err
	}
	return result.Interface(), nil
}

func readStream(receive reflect.Value) (any, error) {
	events := []any{}
	for {
		results := receive.Call(nil)
		switch failed, _ := results[1].Interface().(error); failed {
		case nil:
			events = append(events, results[0].Interface())
		case io.EOF:
			return events, nil
		default:
			return nil, failed
		}
	}
}
