// What a program in a sandbox must not be able to do: each thing that it can is a breach. calls [32-bit]
#include "attack.h"
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>

#define refused(call) refused_as(#call, (long)(call))

static void refused_as(const char *what, long result) {
    if (result >= 0) breach("%s", what);
}

static void files(void) {
    static const char *const READ[] = {
        "/proc/1/environ", "/proc/1/maps", "/proc/1/stack", "/proc/1/mem", "/proc/1/fd/0", "/proc/1/root/etc",
        "/proc/kcore", "/proc/kmsg", "/dev/kmsg", "/dev/mem", "/dev/fuse", "/dev/kvm", "/dev/net/tun",
        "/dev/vsock", "/dev/sda", "/dev/vda", "/sys/kernel",
    };
    static const char *const WRITTEN[] = {
        "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches",
        "/proc/sys/fs/binfmt_misc/register", "/proc/1/oom_score_adj", "/proc/1/uid_map", "/proc/1/comm",
        "/proc/irq/default_smp_affinity", "/proc/mtrr", "/proc/x",
    };
    for (size_t i = 0; i < sizeof READ / sizeof *READ; i++) {
        char byte;
        int file = open(READ[i], O_RDONLY);
        if (file >= 0 && (read(file, &byte, 1) > 0 || errno == EISDIR)) breach("read %s", READ[i]);
    }
    for (size_t i = 0; i < sizeof WRITTEN / sizeof *WRITTEN; i++) {
        refused_as(WRITTEN[i], open(WRITTEN[i], O_WRONLY | O_CREAT, 0600));
    }
    // The root of the sandbox is its own; nothing is above it.
    struct stat root, above;
    if (stat("/", &root) == 0 && stat("/..", &above) == 0 && root.st_ino != above.st_ino) breach("/..");
    if (mknod("/tmp/disk", S_IFBLK | 0600, 254 << 8) == 0) refused(open("/tmp/disk", O_RDONLY));
    if (mknod("/tmp/memory", S_IFCHR | 0600, (1 << 8) | 1) == 0) refused(open("/tmp/memory", O_RDONLY));
}

static void mounts(void) {
    static const char *const TYPES[] = {"tmpfs", "proc", "binfmt_misc", "cgroup2", "sysfs", "overlay", "devpts"};
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        refused_as(TYPES[i], mount("none", "/tmp", TYPES[i], 0, NULL));
    }
    refused(umount2("/proc", MNT_DETACH));
    refused(mount("", "/proc/sys", "", MS_REMOUNT | MS_BIND, NULL));
    refused(chroot("/tmp"));
    refused(syscall(SYS_pivot_root, "/", "/tmp"));
    refused(syscall(SYS_fsopen, "tmpfs", 0));
    refused(syscall(SYS_open_tree, AT_FDCWD, "/", 1));
    refused(syscall(SYS_move_mount, -1, "/", AT_FDCWD, "/tmp", 0));
}

static void namespaces(void) {
    static const int KINDS[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWIPC};
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        refused(unshare(KINDS[i]));
        long child = syscall(SYS_clone, KINDS[i] | SIGCHLD, 0, 0, 0, 0);
        if (child == 0) _exit(0);
        refused_as("clone into a namespace", child);
    }
    int of_first = open("/proc/1/ns/user", O_RDONLY);
    if (of_first >= 0) refused(setns(of_first, 0));
}

static void processes_of_others(void) {
    refused(ptrace(PTRACE_ATTACH, 1, NULL, NULL));
    refused(kill(getppid(), SIGKILL) == 0 && kill(getppid(), 0) < 0 ? 0 : -1);
    refused(syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0));
    refused(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, 1, 0), 0, 0));
    refused(syscall(SYS_kcmp, 1, getpid(), 0, 0, 0));
}

static void kernel(void) {
    char log[64];
    refused(syscall(SYS_bpf, 0, NULL, 0));
    refused(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
    refused(syscall(SYS_userfaultfd, 0));
    refused(syscall(SYS_io_uring_setup, 8, log));
    refused(syscall(SYS_keyctl, 0, -3, 0));
    refused(syscall(SYS_add_key, "user", "x", "y", 1, -3));
    refused(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0));
    refused(syscall(SYS_kexec_load, 0, 0, NULL, 0));
    refused(syscall(SYS_init_module, NULL, 0, ""));
    refused(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL));
    refused(syscall(SYS_syslog, 3, log, sizeof log));
    refused(syscall(SYS_acct, NULL));
    refused(syscall(SYS_swapon, "/x", 0));
    refused(syscall(SYS_quotactl, 0, NULL, 0, NULL));
    refused(sethostname("x", 1));
    refused(ioctl(0, TIOCSTI, "x"));
    refused(ioctl(1, TIOCSTI, "x"));
}

// Families of sockets that a network namespace does not keep apart, and the host's own ports.
static void sockets(void) {
    enum { PACKET = 17, CAN = 29, BLUETOOTH = 31, ALG = 38, VSOCK = 40, QIPCRTR = 42, XDP = 44 };
    static const int FAMILIES[] = {PACKET, CAN, BLUETOOTH, ALG, VSOCK, QIPCRTR, XDP};
    static const int TYPES[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
    for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++) {
        for (size_t k = 0; k < sizeof TYPES / sizeof *TYPES; k++) {
            if (socket(FAMILIES[i], TYPES[k], 0) >= 0) breach("socket of family %d", FAMILIES[i]);
        }
    }
    char line[256] = "";
    FILE *devices = fopen("/proc/net/dev", "r");
    while (devices && fgets(line, sizeof line, devices)) {
        if (strchr(line, ':') && !strstr(line, "lo:")) breach("network device %s", line);
    }
}

// The 32-bit calls of a 64-bit kernel, which a filter for 64-bit ones does not see.
static void calls_of_32_bits(void) {
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(310L), "b"((long)CLONE_NEWUSER) : "memory");
    refused_as("32-bit unshare", result);
    refused_as("x32 mount", syscall(0x40000000 | SYS_mount, NULL, NULL, NULL, 0, NULL));
#endif
}

int calls(int count, char **words) {
    if (strcmp(word(count, words, 0, ""), "32-bit") == 0) {
        calls_of_32_bits();
    } else {
        files();
        mounts();
        namespaces();
        processes_of_others();
        kernel();
        sockets();
    }
    printf("Usage: calls\n");
    return 0;
}
