// Reaches for the file that executes it, to read its mark, to change it or to start it: emulator
#include "attack.h"

static const char *const WAYS[] = {
    "/proc/thread-self/exe",     "/proc/self/exe",          "/proc//self/exe",
    "/proc/./self/exe",          "/proc/self/task/1/../exe", "/proc/self/task/../exe",
    "/proc/self/root/proc/self/exe", "/proc/1/exe",
};
enum { WAY_COUNT = sizeof WAYS / sizeof *WAYS };

// Whether a header is one of archproof's copies: in the padding of the identification is its mark.
// Source: System V ABI, chapter 4, EI_PAD.
static bool is_marked(const unsigned char *header) {
    static const unsigned char NO_MARK[7];
    return memcmp(header, "\177ELF", 4) == 0 && memcmp(header + 9, NO_MARK, 7) != 0;
}

// Whether an open file is this program's own, which is its to change.
static bool is_own(int file) {
    struct stat found, own;
    return fstat(file, &found) == 0 && stat("/attack", &own) == 0 && found.st_ino == own.st_ino;
}

static void by_path(const char *path) {
    unsigned char header[20] = {0};
    int file = open(path, O_RDONLY);
    if (file >= 0 && read(file, header, sizeof header) > 0 && is_marked(header)) {
        breach("%s shows the mark", path);
        if (fchmod(file, 0777) == 0) breach("fchmod of %s", path);
    }
    int open_for_writing = open(path, O_WRONLY);
    if (open_for_writing >= 0 && !is_own(open_for_writing)) breach("%s is open for writing", path);
    if (truncate(path, 0) == 0) breach("truncated %s", path);
}

// Looks for a marked header at the start of every mapping, the emulator's own included.
static void in_memory(void) {
    FILE *maps = fopen("/proc/thread-self/maps", "r");
    int content = open("/proc/thread-self/mem", O_RDONLY);
    unsigned long start, end;
    char rest[512];
    while (maps && fscanf(maps, "%lx-%lx%511[^\n]\n", &start, &end, rest) == 3) {
        unsigned char header[20] = {0};
        if (pread(content, header, sizeof header, (off_t)start) > 0 && is_marked(header)) {
            breach("the mark is in memory at %lx", start);
        }
    }
}

// The emulator with no program of its own would be a native one.
static void started(const char *path) {
    if (fork() == 0) {
        char *const arguments[] = {"emulator", "--version", NULL};
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        execve(path, arguments, NULL);
        _exit(126);
    }
    wait(NULL);
}

int emulator(int count, char **words) {
    (void)count;
    (void)words;
    for (int i = 0; i < WAY_COUNT; i++) by_path(WAYS[i]);
    in_memory();
    started("/proc/thread-self/exe");
    printf("Usage: emulator\n");
    return 0;
}
