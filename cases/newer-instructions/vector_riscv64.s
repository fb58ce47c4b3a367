#include "textflag.h"

// In numbers, for older assemblers of Go do not know it: vsetvli a0, zero, e8, m1, ta, ma
#define GET_VECTOR_BYTES WORD $0x0c007557

// func vectorRegister() int
TEXT ·vectorRegister(SB), NOSPLIT, $0-8
	GET_VECTOR_BYTES
	MOV X10, ret+0(FP)
	RET

// func start()
// Nobody is asked here. Go's runtime, which would report the signal and exit with status 2, is not there yet.
TEXT ·start(SB), NOSPLIT|NOFRAME, $0
	GET_VECTOR_BYTES
	JMP _rt0_riscv64_linux(SB)
