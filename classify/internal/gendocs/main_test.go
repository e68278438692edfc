package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDocumentsAreCurrent(t *testing.T) {
	for name, text := range documents {
		got, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != text() {
			t.Errorf("docs/%s is not what the data says; run make generate", name)
		}
	}
}
