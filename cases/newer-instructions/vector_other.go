//go:build !riscv64

package main

func findVectorBytes() int { return 0 }
