// Processes that are many, that do not end, or that end what they should not: processes KIND
#include "attack.h"

static void fork_for_ever(void) {
    for (;;) {
        if (fork() < 0) usleep(100);
    }
}

static void leave_zombies(void) {
    for (;;) {
        pid_t child = fork();
        if (child < 0) usleep(100);
        if (child == 0) {
            fork();
            _exit(0);
        }
    }
}

static void nest(void) {
    while (fork() == 0) {
    }
    sleep(1000);
}

static void ignore_signals(void) {
    for (int number = 1; number < 64; number++) signal(number, SIG_IGN);
    for (;;) sleep(1000);
}

static void leave_daemons(void) {
    for (int i = 0; i < 20; i++) {
        if (fork() == 0) {
            setsid();
            if (fork() == 0) ignore_signals();
            _exit(0);
        }
    }
}

int processes(int count, char **words) {
    const char *kind = word(count, words, 0, "");
    printf("Usage: processes KIND\n");
    if (strcmp(kind, "bomb") == 0) fork_for_ever();
    if (strcmp(kind, "zombies") == 0) leave_zombies();
    if (strcmp(kind, "nested") == 0) nest();
    if (strcmp(kind, "deaf") == 0) ignore_signals();
    if (strcmp(kind, "daemons") == 0) leave_daemons();
    if (strcmp(kind, "stopped") == 0) kill(getpid(), SIGSTOP);
    if (strcmp(kind, "all-stopped") == 0) {
        kill(-1, SIGSTOP);
        kill(getpid(), SIGSTOP);
    }
    if (strcmp(kind, "all-killed") == 0) kill(-1, SIGKILL);
    if (strcmp(kind, "closed") == 0) {
        for (int file = 0; file < 1024; file++) close(file);
        sleep(1);
    }
    return 0;
}
