// Executes a program of another machine, and tries to do it unseen: foreign KIND
//
// The program is not in the image as a file: nobody who reads the image finds it.
#include "attack.h"
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/un.h>

#define FOREIGN "/tmp/foreign"

#ifdef __x86_64__
enum { OTHER_MACHINE = 183 };  // EM_AARCH64: exit(0)
static const unsigned char EXIT[] = {0, 0, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 1, 0, 0, 0xd4};
#else
enum { OTHER_MACHINE = 62 };  // EM_X86_64: exit(0)
static const unsigned char EXIT[] = {0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 5, 0, 0, 0};
#endif

// A static program of one segment. Source: System V ABI, chapter 4, Elf64_Ehdr and Elf64_Phdr.
static void write_program(int file) {
    enum { HEADERS = 64 + 56 };
    const uint64_t base = 0x400000, size = HEADERS + sizeof EXIT;
    struct {
        unsigned char identification[16];
        uint16_t type, machine;
        uint32_t version;
        uint64_t entry, segments, sections;
        uint32_t flags;
        uint16_t header_size, segment_size, segment_count, section_size, section_count, names;
        uint32_t segment_type, segment_flags;
        uint64_t offset, address, physical, file_size, memory_size, alignment;
    } headers = {{0x7f, 'E', 'L', 'F', 2, 1, 1}, 2, OTHER_MACHINE, 1, base + HEADERS, 64, 0, 0, 64,
                 56, 1, 64, 0, 0, 1, 5, 0, base, base, size, size, 0x1000};
    if (write(file, &headers, HEADERS) < 0 || write(file, EXIT, sizeof EXIT) < 0) perror("write");
}

static void execute(void) {
    execl(FOREIGN, FOREIGN, (char *)NULL);
    _exit(126);
}

static pid_t start(void) {
    pid_t child = fork();
    if (child == 0) execute();
    return child;
}

// Connects as a stub interpreter would that has a program to tell of.
static int connect_to_watch(void) {
    static const char NAME[] = "\0archproof";
    int watch = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, NAME, sizeof NAME - 1);
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + sizeof NAME - 1;
    return connect(watch, (void *)&address, length) == 0 ? watch : -1;
}

// Keeps whoever listens busy with callers that say nothing.
static void flood(void) {
    for (int i = 0; i < 100; i++) {
        if (fork() == 0) {
            for (;;) {
                int watch = connect_to_watch();
                if (watch < 0) usleep(1000);
                else close(watch);
            }
        }
    }
    usleep(500000);
    start();
    sleep(2);
}

// Stops the stub interpreters before they can tell of anything.
static void stop_stubs(void) {
    for (int i = 0; i < 60; i++) start();
    for (int round = 0; round < 500; round++) {
        kill(-1, SIGSTOP);
        kill(-1, SIGCONT);
    }
    kill(-1, SIGKILL);
}

// Without descriptors, a stub interpreter has nothing to tell with.
static void without_descriptors(void) {
    struct rlimit none = {3, 3};
    setrlimit(RLIMIT_NOFILE, &none);
    waitpid(start(), NULL, 0);
}

static void from_memory(void) {
    int file = memfd_create("foreign", 0);
    write_program(file);
    if (fork() == 0) {
        char *const none[] = {"foreign", NULL};
        fexecve(file, none, none);
        _exit(126);
    }
    wait(NULL);
}

static void as_orphan(void) {
    if (fork() == 0) {
        setsid();
        if (fork() == 0) execute();
        _exit(0);
    }
}

int foreign(int count, char **words) {
    const char *kind = word(count, words, 0, "plain");
    int file = open(FOREIGN, O_CREAT | O_WRONLY | O_TRUNC, 0755);
    write_program(file);
    close(file);
    if (strcmp(kind, "plain") == 0) waitpid(start(), NULL, 0);
    if (strcmp(kind, "orphan") == 0) as_orphan();
    if (strcmp(kind, "memory") == 0) from_memory();
    if (strcmp(kind, "descriptors") == 0) without_descriptors();
    if (strcmp(kind, "flood") == 0) flood();
    if (strcmp(kind, "stopped") == 0) stop_stubs();
    printf("Usage: foreign KIND\n");
    return 0;
}
