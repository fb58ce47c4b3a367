// Helper does the part of the tool that a shell cannot.
package main

import "fmt"

func main() {
	fmt.Println("helper 1.0")
}
