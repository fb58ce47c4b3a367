// The program of every attack: attack NAME WORD...
#include "attack.h"

static const struct {
    const char *name;
    Attack *attack;
} ATTACKS[] = {
    {"memory", memory},       {"processes", processes},         {"output", output},
    {"foreign", foreign},     {"emulator", emulator},           {"first-process", first_process},
    {"processor", processor}, {"calls", calls},
};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; argc > 1 && i < sizeof ATTACKS / sizeof *ATTACKS; i++) {
        if (strcmp(argv[1], ATTACKS[i].name) == 0) {
            return ATTACKS[i].attack(argc - 2, argv + 2);
        }
    }
    if (argc > 1 && strcmp(argv[1], "fail") == 0) {
        fprintf(stderr, "this program is broken\n");
        return 3;
    }
    printf("Usage: attack NAME WORD...\n");
    return 0;
}
