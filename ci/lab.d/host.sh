# shellcheck shell=bash disable=SC2154  # sourced by ci/lab, which sets lab, state, here
# What the lab asks of the machine, and what it remembers of itself.

say() { printf 'lab: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 2
}

# Everything that is missing is told in one go, each with the command that would mend it.
problems=()
problem() { problems+=("$1"$'\n'"       try: $2"); }
report_problems() {
  [[ ${#problems[@]} -gt 0 ]] || return 0
  say "this cannot be made ready here:"
  printf '  - %s\n' "${problems[@]}" >&2
  exit 2
}

take_lock() {
  mkdir -p "$lab" 2>/dev/null || fail "cannot write to $lab; set ARCHPROOF_LAB to a folder of yours"
  exec 9>"$lab/lock"
  if ! flock -n 9; then
    say "waiting for another ci/lab to finish"
    flock 9
  fi
  mkdir -p "$state" "$lab/run" "$lab/tmp"
}

# After a reboot no pid, mount or handler of the state folder means anything any more.
forget_previous_boot() {
  local boot
  boot=$(cat /proc/sys/kernel/random/boot_id)
  if [[ $(cat "$state/boot" 2>/dev/null) != "$boot" ]]; then
    rm -rf "$state"
    mkdir -p "$state"
    echo "$boot" >"$state/boot"
  fi
}

# A setting is the environment's if given, else what the lab runs with, else the default.
choose_settings() {
  local was=()
  if [[ -r $state/settings ]]; then read -ra was <"$state/settings"; fi
  suite=${LAB_SUITE:-${was[0]:-trixie}}
  store=${LAB_STORE:-${was[1]:-containerd}}
  bases=${LAB_BASES:-${was[2]:-}}
  root=$lab/root-$suite
  [[ $store == containerd || $store == classic ]] || fail "LAB_STORE is containerd or classic, not '$store'"
  [[ -z $bases || $bases == hub || $bases == lab ]] || fail "LAB_BASES is hub or lab, not '$bases'"
}
settings_hold() {
  choose_settings
  [[ $(cat "$state/settings" 2>/dev/null) == "$suite $store $bases" ]]
}

check_host() {
  if [[ $(uname -s) != Linux ]]; then
    [[ $engine == user ]] || problem "no usable engine, and the lab's own runs on Linux only" \
      "start Docker, or set DOCKER_HOST to an engine with BuildKit and API 1.44 or later"
    report_problems
    return
  fi
  local own=0 emulators=0
  [[ $engine != own ]] || engine_answers || own=1
  emulators_work || emulators=1
  if ((own || emulators)); then
    check_privilege "$own"
    check_tools
  fi
  if ((own)); then check_kernel; fi
  check_bases
  report_problems
}

check_privilege() {
  local need="an engine of the lab's own"
  (($1)) || need="registering emulators"
  if [[ $EUID -ne 0 ]]; then
    problem "not root, which $need needs" "sudo ARCHPROOF_LAB=$lab $here/lab up"
  fi
  if [[ -d $root ]]; then return; fi
  if ! grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release 2>/dev/null; then
    if (($1)); then
      problem "not Debian or Ubuntu, whose tools unpack the lab's engine" \
        "install Docker 25 or later and start it, or set DOCKER_HOST"
    else
      problem "not Debian or Ubuntu, and emulators are missing" \
        "docker run --privileged --rm tonistiigi/binfmt --install all"
    fi
  fi
}

check_tools() {
  local tool missing=()
  for tool in curl flock unshare nsenter setpriv tar gzip; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  # mmdebstrap needs the whole of perl's library; perl-base lacks this module.
  if [[ ! -d $root ]] && ! perl -MPod::Usage -e 1 2>/dev/null; then missing+=(perl); fi
  if [[ ${#missing[@]} -gt 0 ]]; then
    problem "missing on this machine: ${missing[*]}" "apt-get install curl perl tar gzip util-linux"
  fi
  local free
  free=$(df -Pk "$lab" | awk 'NR == 2 { print int($4 / 1024 / 1024) }')
  if [[ ! -d $root && $free -lt 5 ]]; then
    problem "only $free GiB free for $lab, 5 needed" "export ARCHPROOF_LAB=/a/folder/with/room"
  fi
}

check_kernel() {
  local module
  [[ -c /dev/net/tun ]] || modprobe tun 2>/dev/null ||
    problem "no /dev/net/tun, through which containers reach the network" "modprobe tun"
  grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null ||
    problem "the kernel has no overlay file system" "modprobe overlay"
  # These show nowhere until used; where they are built in, modprobe has nothing to do.
  for module in bridge veth nf_nat nft_compat xt_MASQUERADE xt_addrtype xt_conntrack; do
    modprobe -q "$module" 2>/dev/null || true
  done
  if ! grep -qs cgroup /proc/self/mounts; then
    problem "no cgroups are mounted" "mount -t cgroup2 cgroup2 /sys/fs/cgroup"
  fi
}

# A process is known by its pid and its start time: a pid alone may be someone else's by now.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The name in parentheses may hold blanks, so count from behind it. Z: dead, waiting for its parent.
  read -ra stat <<<"${stat##*) }"
  [[ ${stat[0]} != Z ]] && echo "${stat[19]}"
}
recorded_pid() {
  local pid start
  [[ -r $state/$1 ]] && read -r pid start <"$state/$1" || return 1
  [[ -n ${start:-} && $(start_time "$pid") == "$start" ]] && echo "$pid"
}

# Runs a step whose mounts and processes end with it, however it ends; SIGKILL of ci/lab included.
step() {
  local pid
  setpriv --pdeathsig KILL -- unshare --fork --pid --kill-child --mount --mount-proc -- "$@" 9>&- &
  pid=$!
  # shellcheck disable=SC2064  # the pid of now is meant
  trap "kill -9 $pid 2>/dev/null; exit 130" INT TERM HUP
  local rc=0
  wait "$pid" || rc=$?
  trap - INT TERM HUP
  return "$rc"
}
