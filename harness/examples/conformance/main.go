// A tool that says what it is.
package main

import (
	"fmt"
	"os"
)

func main() {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "version":
		fmt.Println("tool 1.2.3")
	case len(os.Args) == 2 && os.Args[1] == "--help":
		fmt.Println("Usage: tool version")
	default:
		fmt.Fprintln(os.Stderr, "Usage: tool version")
		os.Exit(2)
	}
}
