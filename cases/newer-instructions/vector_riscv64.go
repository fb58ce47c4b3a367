package main

import (
	"encoding/binary"
	"os"
)

// Of the auxiliary vector: capabilities, a bit for each letter of the instruction set's name.
const atHWCAP, capabilityV = 16, 1 << ('V' - 'A')

// vectorRegister must be called only where there are vectors.
func vectorRegister() int

// start is where the process begins if the linker is told so.
func start()

func findVectorBytes() int {
	if !hasVectors() {
		return 0
	}
	return vectorRegister()
}

func hasVectors() bool {
	// Without /proc nobody can be asked, and then there are none.
	pairs, _ := os.ReadFile("/proc/self/auxv")
	for ; len(pairs) >= 16; pairs = pairs[16:] {
		if binary.LittleEndian.Uint64(pairs) == atHWCAP {
			return binary.LittleEndian.Uint64(pairs[8:])&capabilityV != 0
		}
	}
	return false
}
