// What the attacks share. Each is a word of the command line, and may take further words.
#ifndef ATTACK_H
#define ATTACK_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Takes the words after its name; its result is the exit status.
typedef int Attack(int count, char **words);

Attack memory, processes, output, foreign, emulator, first_process, processor, calls;

// The word at an index, or a default.
static inline const char *word(int count, char **words, int index, const char *otherwise) {
    return index < count ? words[index] : otherwise;
}

// Whoever reads the output looks for this.
#define breach(...) (printf("breach: " __VA_ARGS__), printf("\n"))

#endif
