// Takes memory in ways that a look at each process's resident memory may miss: memory KIND MEBIBYTES
#include "attack.h"
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

enum { MEBIBYTE = 1 << 20, BLOCK = 64 };

static char block[MEBIBYTE];

// Mebibytes written to a file that only a descriptor leads to.
static long in_file(long wanted) {
    long got = 0;
    int file = memfd_create("attack", 0);
    while (got < wanted && write(file, block, sizeof block) == (ssize_t)sizeof block) got++;
    return got;
}

// In segments of System V that nobody is attached to.
static long in_segments(long wanted) {
    long got = 0;
    for (; got < wanted; got += BLOCK) {
        int segment = shmget(IPC_PRIVATE, (size_t)BLOCK * MEBIBYTE, 0600);
        char *start = shmat(segment, NULL, 0);
        if (segment < 0 || start == (char *)-1) break;
        memset(start, 1, (size_t)BLOCK * MEBIBYTE);
        shmdt(start);
    }
    return got;
}

static long in_mappings(long wanted, int flags) {
    long got = 0;
    for (; got < wanted; got += BLOCK) {
        size_t size = (size_t)BLOCK * MEBIBYTE;
        char *start = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED) break;
        memset(start, 1, size);
    }
    return got;
}

// Touches one page in each 2 MiB of a mapping without memory: each takes a page of tables.
static long in_page_tables(long wanted) {
    size_t size = (size_t)wanted << 29;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    volatile char *start = mmap(NULL, size, PROT_READ, flags, -1, 0);
    if (start == MAP_FAILED) return 0;
    for (size_t at = 0; at < size; at += 2 * MEBIBYTE) (void)start[at];
    return wanted;
}

// Fills what takes bytes until it would wait; gives mebibytes.
static long fill(int file) {
    long size = 0;
    ssize_t wrote;
    fcntl(file, F_SETFL, O_NONBLOCK);
    while ((wrote = write(file, block, 1 << 15)) > 0) size += wrote;
    return size;
}

static long in_sockets(long wanted) {
    long bytes = 0;
    int ends[2];
    while (bytes >> 20 < wanted && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) {
        bytes += fill(ends[0]) + fill(ends[1]);
    }
    return bytes >> 20;
}

static long in_pipes(long wanted) {
    long bytes = 0;
    int ends[2];
    while (bytes >> 20 < wanted && pipe(ends) == 0) {
        fcntl(ends[1], F_SETPIPE_SZ, MEBIBYTE);
        bytes += fill(ends[1]);
    }
    return bytes >> 20;
}

// Each semaphore takes 64 bytes.
static long in_semaphores(long wanted) {
    enum { MOST = 32000, MEBIBYTES = 2 };
    long got = 0;
    while (got < wanted && semget(IPC_PRIVATE, MOST, 0600) >= 0) got += MEBIBYTES;
    return got;
}

static long in_messages(long wanted) {
    struct {
        long type;
        char text[8192];
    } message = {.type = 1};
    long bytes = 0;
    int queue;
    while (bytes >> 20 < wanted && (queue = msgget(IPC_PRIVATE, 0600)) >= 0) {
        while (msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT) == 0) bytes += sizeof message.text;
    }
    return bytes >> 20;
}

// In many processes, each of which has as many descriptors as one may have.
static long in_children(long (*take)(long), long wanted) {
    for (int child = 0; child < 40; child++) {
        if (fork() == 0) {
            take(wanted);
            for (;;) pause();
        }
    }
    sleep(3);
    return take(wanted);
}

int memory(int count, char **words) {
    const char *kind = word(count, words, 0, "file");
    long wanted = atol(word(count, words, 1, "3000")), got = 0;
    memset(block, 7, sizeof block);
    if (strcmp(kind, "file") == 0) got = in_file(wanted);
    if (strcmp(kind, "segments") == 0) got = in_segments(wanted);
    if (strcmp(kind, "shared") == 0) got = in_mappings(wanted, MAP_SHARED);
    if (strcmp(kind, "private") == 0) got = in_mappings(wanted, MAP_PRIVATE);
    if (strcmp(kind, "page-tables") == 0) got = in_page_tables(wanted);
    if (strcmp(kind, "semaphores") == 0) got = in_semaphores(wanted);
    if (strcmp(kind, "messages") == 0) got = in_messages(wanted);
    if (strcmp(kind, "sockets") == 0) got = in_children(in_sockets, wanted);
    if (strcmp(kind, "pipes") == 0) got = in_children(in_pipes, wanted);
    printf("Usage: took %ld MiB in %s\n", got, kind);
    sleep(2);
    return 0;
}
