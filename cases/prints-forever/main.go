// Tool prints its usage, and does not stop.
package main

import "os"

const usage = "Usage: tool [--help]\n"

func main() {
	for {
		if _, err := os.Stdout.WriteString(usage); err != nil {
			os.Exit(1)
		}
	}
}
