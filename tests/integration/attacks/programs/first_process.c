// Harms the first process of the sandbox, which is archproof's: first-process KIND
#include "attack.h"
#include <sched.h>

static void limit(void) {
    static const int LIMITS[] = {RLIMIT_NOFILE, RLIMIT_CPU, RLIMIT_AS, RLIMIT_NPROC, RLIMIT_SIGPENDING};
    struct rlimit none = {0, 0};
    for (size_t i = 0; i < sizeof LIMITS / sizeof *LIMITS; i++) {
        if (prlimit(1, LIMITS[i], &none, NULL) == 0) breach("limit %d", LIMITS[i]);
    }
}

static void slow_down(void) {
    struct sched_param idle = {0};
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    if (syscall(SYS_sched_setscheduler, 1, SCHED_IDLE, &idle) == 0) breach("SCHED_IDLE");
    if (sched_setaffinity(1, sizeof one, &one) == 0) breach("affinity");
    if (setpriority(PRIO_PROCESS, 1, 19) == 0) breach("priority");
}

static void flood(void) {
    for (int i = 0; i < 100000; i++) kill(1, i % 2 ? SIGSEGV : SIGBUS);
    for (int number = 1; number < 64; number++) kill(1, number);
}

// Signals that say they are about its memory.
static void lie(void) {
    for (long i = 0; i < 4000; i++) {
        union {
            int numbers[32];
            long addresses[16];
        } information = {.numbers = {SIGSEGV, 0, -1}};
        information.addresses[2] = 0x7ffc00000000L + (i << 12);
        syscall(SYS_rt_sigqueueinfo, 1, SIGSEGV, &information);
    }
}

// Blinds it, and takes more memory than a run may have.
static void outgrow(void) {
    limit();
    for (int child = 0; child < 24; child++) {
        if (fork() == 0) {
            size_t size = 128 << 20;
            char *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (start != MAP_FAILED) memset(start, 1, size);
            sleep(3);
            _exit(0);
        }
        usleep(20000);
    }
    sleep(3);
    breach("3 GiB in use");
}

int first_process(int count, char **words) {
    const char *kind = word(count, words, 0, "");
    if (strcmp(kind, "limit") == 0) limit();
    if (strcmp(kind, "slow-down") == 0) slow_down();
    if (strcmp(kind, "flood") == 0) flood();
    if (strcmp(kind, "lie") == 0) lie();
    if (strcmp(kind, "outgrow") == 0) outgrow();
    printf("Usage: first-process KIND\n");
    return 0;
}
