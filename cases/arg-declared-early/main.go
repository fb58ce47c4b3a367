// Tool prints the CRC-32 checksum of files.
package main

import (
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

const usage = `Usage: tool [FILE]...

Print the CRC-32 checksum (IEEE) of each FILE, or of standard input.
`

func main() {
	names := os.Args[1:]
	if len(names) == 1 && names[0] == "--help" {
		fmt.Print(usage)
		return
	}
	if err := run(names); err != nil {
		fmt.Fprintln(os.Stderr, "tool:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	if len(names) == 0 {
		return checksum("-", os.Stdin)
	}
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		err = checksum(name, file)
		file.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func checksum(name string, r io.Reader) error {
	hash := crc32.NewIEEE()
	if _, err := io.Copy(hash, r); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("%08x  %s\n", hash.Sum32(), name)
	return nil
}
