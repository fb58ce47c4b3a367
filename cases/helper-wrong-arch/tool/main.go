// Tool prints its process ID: 1 where no init has started it.
package main

import (
	"fmt"
	"os"
)

const usage = `Usage: tool [--help]

Print the process ID of this program.
`

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--help" {
		fmt.Print(usage)
		return
	}
	fmt.Println(os.Getpid())
}
