package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/coze-dev/coze-go"
)

var (
	contextType = reflect.TypeOf((*context.Context)(nil)).Elem()
	readerType  = reflect.TypeOf((*io.Reader)(nil)).Elem()
	fileType    = reflect.TypeOf((*coze.FileTypes)(nil)).Elem()
	wordStart   = regexp.MustCompile(`([a-z])([A-Z])`)
)

// collectMethods finds the methods of a client's resources that make a call, by their path.
func collectMethods(resource reflect.Value, prefix string, found map[string]reflect.Value) {
	for n := 0; n < resource.NumMethod(); n++ {
		method := resource.Method(n)
		if method.Type().NumIn() > 0 && method.Type().In(0) == contextType {
			found[prefix+resource.Type().Method(n).Name] = method
		}
	}
	fields := reflect.Indirect(resource)
	for n := 0; n < fields.NumField(); n++ {
		if field := fields.Type().Field(n); field.IsExported() && field.Type.Kind() == reflect.Pointer {
			collectMethods(fields.Field(n), prefix+field.Name+".", found)
		}
	}
}

func sortedNames(found map[string]reflect.Value) []string {
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// argumentsOf returns the arguments of a method that send these values.
func argumentsOf(method reflect.Type, wire map[string]any) []reflect.Value {
	arguments := []reflect.Value{reflect.ValueOf(context.Background())}
	for n := 1; n < method.NumIn(); n++ {
		switch kind := method.In(n); {
		case kind.Kind() == reflect.String:
			arguments = append(arguments, reflect.ValueOf(wire["template_id"]))
		case kind.Kind() == reflect.Pointer && kind.Elem().Kind() == reflect.Struct:
			arguments = append(arguments, filled(kind.Elem(), wire))
		case kind.Kind() == reflect.Pointer:
			arguments = append(arguments, reflect.Zero(kind))
		}
	}
	return arguments
}

// filled returns a request whose fields have the values of their names.
func filled(kind reflect.Type, wire map[string]any) reflect.Value {
	made := reflect.New(kind)
	for n := 0; n < kind.NumField(); n++ {
		field := kind.Field(n)
		if value, ok := wire[nameOf(field)]; ok {
			set(made.Elem().Field(n), value)
		}
	}
	return made
}

// nameOf returns the name under which a field is sent.
func nameOf(field reflect.StructField) string {
	for _, place := range []string{"json", "query", "path"} {
		if name := strings.Split(field.Tag.Get(place), ",")[0]; name != "" && name != "-" {
			return name
		}
	}
	return strings.ToLower(wordStart.ReplaceAllString(field.Name, "${1}_$2"))
}

func set(field reflect.Value, value any) {
	given, _ := value.(map[string]any)
	if content, ok := given["base64"].(string); ok {
		setFile(field, given["name"].(string), content)
		return
	}
	raw, err := json.Marshal(numbered(value, field.Type()))
	if err == nil {
		err = json.Unmarshal(raw, field.Addr().Interface())
	}
	if err != nil {
		panic(err)
	}
}

func setFile(field reflect.Value, name string, content string) {
	raw, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		panic(err)
	}
	switch file := coze.NewUploadFile(bytes.NewReader(raw), name); field.Type() {
	case readerType, fileType:
		field.Set(reflect.ValueOf(file))
	default:
		field.Set(reflect.ValueOf(&file))
	}
}

// numbered returns ids as numbers where the client has them so.
func numbered(value any, kind reflect.Type) any {
	switch {
	case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Int64:
		numbers := []any{}
		for _, each := range value.([]any) {
			numbers = append(numbers, numbered(each, kind.Elem()))
		}
		return numbers
	case kind.Kind() == reflect.Int64:
		number, err := strconv.ParseInt(value.(string), 10, 64)
		if err != nil {
			panic(err)
		}
		return number
	}
	return value
}
