// Signs in, makes a scoped API key, and calls the task API with both. Go's standard library is enough.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

var client = http.Client{Timeout: 10 * time.Second}

type session struct {
	Data struct {
		Token string
		User  struct{ Email string }
	}
}

type apiKey struct {
	Key string
}

// ask sends a request, and reads the JSON of the answer into answer.
func ask(method, url, token string, body, answer any) (int, error) {
	var text io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		text = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, url, text)
	if err != nil {
		return 0, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 {
		said, _ := io.ReadAll(response.Body)
		return response.StatusCode, fmt.Errorf("%s %s: %s %s", method, url, response.Status, said)
	}
	return response.StatusCode, json.NewDecoder(response.Body).Decode(answer)
}

func run() error {
	auth, tasks := os.Getenv("AUTH_URL"), os.Getenv("TASK_SERVICE_URL")
	credentials := map[string]string{"email": os.Getenv("TITAN_EMAIL"), "password": os.Getenv("TITAN_PASSWORD")}
	var signedIn, current session
	if _, err := ask("POST", auth+"/api/v1/auth/login", "", credentials, &signedIn); err != nil {
		return err
	}
	jwt := signedIn.Data.Token

	if _, err := ask("GET", auth+"/api/v1/auth/session", jwt, nil, &current); err != nil {
		return err
	}
	fmt.Println(current.Data.User.Email)

	wanted := map[string]any{
		"name":   "My backend integration",
		"scopes": []string{"tasks:read", "tasks:write", "executions:read", "executions:write", "data:read"},
	}
	var made apiKey
	if _, err := ask("POST", auth+"/api/v1/api-keys", jwt, wanted, &made); err != nil {
		return err
	}
	fmt.Println("made", made.Key[:14])

	for _, token := range []string{jwt, made.Key} {
		var list any
		status, err := ask("GET", tasks+"/api/v1/tasks", token, nil, &list)
		if err != nil {
			return err
		}
		fmt.Printf("GET /api/v1/tasks: %d\n", status)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
