# shellcheck shell=bash disable=SC2154  # sourced by ci/lab, which sets lab, state, here
# QEMU's user-mode emulators, registered with the kernel. What counts is not what is registered
# but what runs: each platform is tried with an executable that does nothing but exit with 42.

binfmt=/proc/sys/fs/binfmt_misc

# platform | QEMU's name | class, byte order, e_flags, e_machine | the code of exit(42)
# All in hexadecimal and in the byte order of the file.
emulated_platforms() {
  cat <<'TABLE'
arm64     aarch64      2 1 00000000 b700 400580d2a80b80d2010000d4
arm       arm          1 1 00000005 2800 2a00a0e30170a0e3000000ef
386       i386         1 1 00000000 0300 bb2a000000b801000000cd80
amd64     x86_64       2 1 00000000 3e00 bf2a000000b83c0000000f05
ppc64le   ppc64le      2 1 02000000 1500 2a0060380100003802000044
riscv64   riscv64      2 1 04000000 f300 1305a0029308d00573000000
s390x     s390x        2 2 00000000 0016 a729002a0a01070707070707
mips64le  mips64el     2 1 07000080 0800 2a000424c21302240c000000
loong64   loongarch64  2 1 43000000 0201 04a880030b74810300002b00
TABLE
}
# The code, disassembled:
#   arm64    mov x0, 42; mov x8, 93; svc 0          ppc64le   li r3, 42; li r0, 1; sc
#   arm      mov r0, 42; mov r7, 1; svc 0           riscv64   li a0, 42; li a7, 93; ecall
#   386      mov ebx, 42; mov eax, 1; int 0x80      s390x     lghi r2, 42; svc 1; nopr; nopr; nopr
#   amd64    mov edi, 42; mov eax, 60; syscall      mips64le  li a0, 42; li v0, 5058; syscall
#   loong64  ori a0, zero, 42; ori a7, zero, 93; syscall 0

# field BYTES VALUE...: appends numbers to hex in the byte order of the file being written.
field() {
  local bytes=$1 value big i
  shift
  for value in "$@"; do
    printf -v big '%0*x' $((bytes * 2)) "$value"
    if [[ $order == 2 ]]; then
      hex+=$big
    else
      for ((i = ${#big} - 2; i >= 0; i -= 2)); do hex+=${big:i:2}; done
    fi
  done
}

# The smallest ELF file that a kernel loads: ELF header, one program header, the code.
write_probe() {
  local file=$1 class=$2 order=$3 flags=$4 machine=$5 code=$6
  local word=8 ehsize=64 phsize=56 base=$((0x400000)) hex
  if [[ $class == 1 ]]; then word=4 ehsize=52 phsize=32; fi
  local size=$((ehsize + phsize + ${#code} / 2))
  hex=7f454c460${class}0${order}01000000000000000000
  field 2 2 # ET_EXEC
  hex+=$machine
  field 4 1 # version
  field "$word" $((base + ehsize + phsize)) "$ehsize" 0 # entry, program headers, no sections
  hex+=$flags
  field 2 "$ehsize" "$phsize" 1 0 0 0
  field 4 1                                        # PT_LOAD
  if [[ $class == 2 ]]; then field 4 5; fi         # readable and executable
  field "$word" 0 "$base" "$base" "$size" "$size"
  if [[ $class == 1 ]]; then field 4 5; fi
  field "$word" $((0x10000)) # the largest page size among the platforms
  hex+=$code
  # shellcheck disable=SC2001,SC2059  # the format is the data
  printf "$(sed 's/../\\x&/g' <<<"$hex")" >"$file"
  chmod +x "$file"
}

# As root in a folder that holds nothing else, as a container would have it: a handler without
# flag F runs programs on the host and fails there.
works() {
  local rc=0
  if [[ $EUID -eq 0 ]]; then
    chroot "$1" "/$2" 2>/dev/null || rc=$?
  else
    (exec "$1/$2") 2>/dev/null || rc=$?
  fi
  [[ $rc -eq 42 ]]
}

# Prints "platform emulator" for each platform whose executables do not run, in the table's order.
missing_emulators() (
  probes=$(mktemp -d "${TMPDIR:-/tmp}/lab-probes.XXXXXX")
  trap 'rm -rf "$probes"' EXIT
  while read -r platform emulator elf; do
    # shellcheck disable=SC2086  # elf is several words
    write_probe "$probes/$platform" $elf
    { works "$probes" "$platform" && : >"$probes/$platform.works"; } &
  done < <(emulated_platforms)
  wait
  while read -r platform emulator elf; do
    [[ -e $probes/$platform.works ]] || echo "$platform $emulator"
  done < <(emulated_platforms)
)

# Of an engine on another machine, or inside a virtual one, nothing can be tried from here.
emulators_local() { [[ $(uname -s) == Linux && $endpoint == unix://* ]]; }
emulators_work() { ! emulators_local || [[ -z $(missing_emulators) ]]; }

handler_pattern() {
  local file=$root/usr/lib/binfmt.d/qemu-$1.conf tail
  if [[ -r $file ]]; then
    cut -d: -f5,6 "$file"
    return
  fi
  # Debian's package describes no emulator of the machine's own family; these are QEMU's patterns.
  case $1 in
    i386) tail='\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x03\x00' ;;
    x86_64) tail='\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00' ;;
    *) fail "no binary format is known for qemu-$1" ;;
  esac
  printf '%s\n' '\x7f\x45\x4c\x46'"$tail"':\xff\xff\xff\xff\xff\xfe\xfe\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
}

# O, C, F: opened for the emulator, with the program's credentials, held open for containers.
# P: the program sees the argv[0] that it was given, on which Debian's busybox depends whenever its
# shell calls one of its own commands. From Linux 5.12 the emulator is told of this flag.
handler_flags() {
  local major minor
  IFS=.- read -r major minor _ < <(uname -r)
  if ((major > 5 || (major == 5 && minor >= 12))); then echo OCFP; else echo OCF; fi
}

mount_binfmt() {
  [[ ! -e $binfmt/register ]] || return 0
  grep -qw binfmt_misc /proc/filesystems || modprobe binfmt_misc 2>/dev/null ||
    fail "the kernel has no binfmt_misc, which emulation needs; try: modprobe binfmt_misc"
  echo "$binfmt" >>"$state/mounts"
  mount -t binfmt_misc binfmt_misc "$binfmt" || fail "cannot mount binfmt_misc at $binfmt"
}

# The folder of emulators that need nothing of the host, for whoever runs programs by itself.
emulator_programs() {
  local folder
  for folder in "$lab"/root-*/usr/bin "$lab/tools/usr/bin"; do
    if [[ -x $folder/qemu-aarch64 || -x $folder/qemu-aarch64-static ]]; then
      echo "$folder"
      return
    fi
  done
  return 1
}

emulators_up() {
  local platform emulator missing name still
  missing=$(missing_emulators)
  emulators_local && [[ -n $missing ]] || return 0
  mount_binfmt
  while read -r platform emulator; do
    name=archproof-$emulator
    # One of an earlier lab whose files are gone, perhaps. A newer one of another name would win
    # over it, but nobody would ever remove it.
    [[ ! -e $binfmt/$name ]] || echo -1 >"$binfmt/$name"
    # Written down first, so that an interruption cannot leave a handler that nobody knows of.
    echo "$name" >>"$state/handlers"
    printf '%s' ":$name:M::$(handler_pattern "$emulator"):$root/usr/bin/qemu-$emulator:$(handler_flags)" >"$binfmt/register"
  done <<<"$missing"
  still=$(missing_emulators | cut -d' ' -f1 | tr '\n' ' ')
  [[ -z $still ]] || fail "executables still do not run, though registered, for: $still"
  say "emulators registered for: $(cut -d' ' -f1 <<<"$missing" | tr '\n' ' ')"
}

emulators_down() {
  local name where
  if [[ -r $state/handlers ]]; then
    while read -r name; do
      [[ ! -e $binfmt/$name ]] || echo -1 >"$binfmt/$name"
    done <"$state/handlers"
  fi
  if [[ -r $state/mounts ]]; then
    while read -r where; do
      # Handlers of someone else's would go with the mount.
      if [[ -z $(find "$where" -mindepth 1 ! -name register ! -name status 2>/dev/null) ]]; then
        umount "$where" 2>/dev/null || true
      fi
    done <"$state/mounts"
  fi
}

emulators_status() {
  if ! emulators_local; then
    echo "emulators    the engine's own, not tried from here"
    return
  fi
  local platform _ missing rc=0
  missing=$'\n'$(missing_emulators)
  printf 'emulators   '
  while read -r platform _; do
    if [[ $missing == *$'\n'"$platform "* ]]; then
      printf ' %s: no' "$platform"
      rc=1
    else
      printf ' %s: works' "$platform"
    fi
    [[ $platform == loong64 ]] || printf ','
  done < <(emulated_platforms)
  echo
  return "$rc"
}
