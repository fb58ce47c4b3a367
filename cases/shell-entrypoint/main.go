// Wordcount counts the words of standard input.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

const usage = `Usage: wordcount [--help | --version]

Print each word of standard input with the number of times that it occurs.
`

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "--help":
			fmt.Print(usage)
		case "--version":
			fmt.Println("wordcount 1.0")
		default:
			fmt.Fprint(os.Stderr, usage)
			os.Exit(2)
		}
		return
	}
	if err := count(); err != nil {
		fmt.Fprintln(os.Stderr, "wordcount:", err)
		os.Exit(1)
	}
}

func count() error {
	counts := map[string]int{}
	words := bufio.NewScanner(os.Stdin)
	words.Split(bufio.ScanWords)
	for words.Scan() {
		counts[strings.ToLower(words.Text())]++
	}
	for word, n := range counts {
		fmt.Println(n, word)
	}
	return words.Err()
}
