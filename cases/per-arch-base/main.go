// Tool names the userland that it runs on.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

const usage = `Usage: tool [--help]

Print the architecture of this program and the name of the system around it.
`

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--help" {
		fmt.Print(usage)
		return
	}
	fmt.Println(runtime.GOARCH, "on", userland())
}

// userland is the system's name for itself. Busybox has none.
func userland() string {
	data, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "a nameless system"
	}
	for _, line := range strings.Split(string(data), "\n") {
		if name, found := strings.CutPrefix(line, "PRETTY_NAME="); found {
			return strings.Trim(name, `"`)
		}
	}
	return "a nameless system"
}
