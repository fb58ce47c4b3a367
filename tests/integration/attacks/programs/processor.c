// An instruction that the platform does not promise: processor [choose]
//
// With `choose`, it asks for the newest processor first, and executes itself again.
#include "attack.h"

int processor(int count, char **words) {
    if (strcmp(word(count, words, 0, ""), "choose") == 0) {
        setenv("QEMU_CPU", "max", 1);
        execl("/attack", "/attack", "processor", (char *)NULL);
    }
#ifdef __x86_64__
    // ANDN, of BMI1: not in x86-64's baseline.
    uint64_t result;
    __asm__ volatile("andn %1, %1, %0" : "=r"(result) : "r"(1UL));
#else
    // LDADD, of Armv8.1: not in Armv8.0.
    static long value;
    long result;
    __asm__ volatile(".arch armv8.1-a\n ldadd %1, %0, [%2]" : "=r"(result) : "r"(1L), "r"(&value) : "memory");
#endif
    printf("Usage: processor\n");
    return 0;
}
