// Tool prints how many bytes a vector register holds, as far as this program makes use of them.
package main

import (
	"fmt"
	"os"
)

const usage = `Usage: tool [--help]

Print how many bytes a vector register of this processor holds: 0 where none is used.
`

// As libraries do: found once at the start, and before it is known what is asked for.
var vectorBytes = findVectorBytes()

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--help" {
		fmt.Print(usage)
		return
	}
	fmt.Println(vectorBytes)
}
