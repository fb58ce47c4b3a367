// Init is the first process of a container: it starts a program, passes signals on to it and ends
// with its status.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

const usage = "Usage: init PROGRAM [ARGUMENT]...\n"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	child := exec.Command(os.Args[1], os.Args[2:]...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if err := child.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "init:", err)
		os.Exit(127)
	}
	go func() {
		for s := range signals {
			// It may have ended already: Wait tells.
			_ = child.Process.Signal(s)
		}
	}()
	_ = child.Wait()
	os.Exit(child.ProcessState.ExitCode())
}
