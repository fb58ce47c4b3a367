// Tool prints the architecture that it was compiled for.
package main

import (
	"fmt"
	"os"
	"runtime"
)

const usage = `Usage: tool [--help]

Print the architecture that this program was compiled for.
`

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--help" {
		fmt.Print(usage)
		return
	}
	fmt.Println(runtime.GOARCH)
}
