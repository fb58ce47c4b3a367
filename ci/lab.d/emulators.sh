# shellcheck shell=bash disable=SC2154  # sourced by ci/lab, which sets lab, state, here
# QEMU's user-mode emulators, registered with the kernel. What counts is not what is registered
# but what runs: each platform is tried with an executable that does nothing but exit with 42.

binfmt=/proc/sys/fs/binfmt_misc

# Each line: an architecture, QEMU's program, and a program of that architecture in hexadecimal, as
# `archproof doctor --output json` names them. A test of archproof writes the list.
emulated_platforms() { sed 's/ qemu-/ /' "$here/probes.txt"; }

write_probe() {
  # shellcheck disable=SC2001,SC2059  # the format is the data
  printf "$(sed 's/../\\x&/g' <<<"$2")" >"$1"
  chmod +x "$1"
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
  while read -r platform emulator program; do
    write_probe "$probes/$platform" "$program"
    { works "$probes" "$platform" && : >"$probes/$platform.works"; } &
  done < <(emulated_platforms)
  wait
  while read -r platform emulator program; do
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
  local platform _ missing comma='' rc=0
  missing=$'\n'$(missing_emulators)
  printf 'emulators   '
  while read -r platform _; do
    if [[ $missing == *$'\n'"$platform "* ]]; then
      printf '%s %s: no' "$comma" "$platform"
      rc=1
    else
      printf '%s %s: works' "$comma" "$platform"
    fi
    comma=,
  done < <(emulated_platforms)
  echo
  return "$rc"
}
