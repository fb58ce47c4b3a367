// Output and files without end, and output that steers whoever shows it: output KIND
#include "attack.h"

static char block[1 << 20];

static void print_for_ever(int file) {
    for (;;) {
        if (write(file, block, sizeof block) < 0) _exit(1);
    }
}

static void print_from_many(void) {
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) print_for_ever(1 + i % 2);
    }
    for (;;) pause();
}

// Fills a folder: one file first, then empty ones.
static void fill(const char *folder) {
    char path[64];
    long mebibytes = 0, files = 0;
    snprintf(path, sizeof path, "%s/large", folder);
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    while (write(file, block, sizeof block) > 0) mebibytes++;
    for (; files < 10000000; files++) {
        snprintf(path, sizeof path, "%s/%ld", folder, files);
        int empty = open(path, O_CREAT | O_WRONLY, 0600);
        if (empty < 0) break;
        close(empty);
    }
    printf("%s took %ld MiB and %ld files\n", folder, mebibytes, files);
}

// Colours, a window's title, clearing the screen; C1, bidirectional and invisible characters.
static const char STEERING[] =
    "\x1b]0;owned\x07\x1b[31mred\x1b[2J\r\b\xc2\x9b\x33\x31m\xe2\x80\xae" "bidi\xe2\x81\xa6\x7f"
    "\xc2\x90\xc2\x85\xe2\x80\xa8\xe2\x80\x8b\xc2\xad line\n";

int output(int count, char **words) {
    const char *kind = word(count, words, 0, "");
    memset(block, 'x', sizeof block);
    if (strcmp(kind, "endless") == 0) print_for_ever(1);
    if (strcmp(kind, "endless-escapes") == 0) {
        memset(block, 0x1b, sizeof block);
        print_from_many();
    }
    if (strcmp(kind, "files") == 0) {
        fill("/tmp");
        fill("/dev/shm");
        fill("/var");
    }
    if (strcmp(kind, "steering") == 0) {
        fputs(STEERING, stdout);
        fputs(STEERING, stderr);
    }
    if (strcmp(kind, "emulator-fault") == 0) {
        fputs("qemu: unhandled CPU exception 0x1 - aborting\n", stderr);
        return 1;
    }
    return 0;
}
