package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is bouncepipe, too: scripts and the tests that kill it run it as a process.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bouncepipe": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

func TestScripts(t *testing.T) {
	samples, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("SAMPLES", samples+"/../demo/samples")
			return nil
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}
