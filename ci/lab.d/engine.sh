# shellcheck shell=bash disable=SC2154  # sourced by ci/lab, which sets lab, state, here
# The engine: the user's where it can do the job, else one of the lab's own, unpacked from Debian's
# packages and run in namespaces of its own. Its bridge and packet filter rules are in there too;
# pasta carries its traffic through ordinary sockets of the host, which stays as it was.

own_endpoint=unix://$lab/run/docker.sock
id=$(printf '%s' "$lab" | sha256sum | cut -c1-8)
# Inside, pasta passes what is sent to this address on to the host's resolver.
resolver=169.254.253.53
# Inside, and not 127.0.0.1, so that neither the host nor a container reaches it. Each lab has its
# own port, for pasta also brings the ports that one lab's engine shows on the host to another's.
registry=127.0.0.2:$((42000 + 0x$id % 6000))

# choose_engine: sets engine (user, own), endpoint, and origin (DOCKER_HOST, context, default).
choose_engine() {
  engine=own endpoint=$own_endpoint origin=lab
  [[ ${LAB_ENGINE:-auto} != own ]] || return 0
  local candidate from
  if [[ -n ${DOCKER_HOST:-} ]]; then
    candidate=$DOCKER_HOST from=DOCKER_HOST
  elif candidate=$(context_endpoint) && [[ -n $candidate ]]; then
    from=context
  else
    candidate=unix:///var/run/docker.sock from=default
  fi
  if [[ $candidate == "$own_endpoint" ]]; then return; fi
  if endpoint=$candidate engine_able; then
    engine=user endpoint=$candidate origin=$from
  elif [[ $from != default ]]; then
    say "the engine of $from, $candidate, does not answer or lacks BuildKit with API 1.44; the lab uses its own"
  fi
}

context_endpoint() {
  local config=${DOCKER_CONFIG:-${HOME:-}/.docker} name=${DOCKER_CONTEXT:-}
  if [[ -z $name && -r $config/config.json ]]; then
    name=$(tr -d '\n' <"$config/config.json" | grep -o '"currentContext" *: *"[^"]*"' | cut -d'"' -f4) || true
  fi
  [[ -n $name && $name != default ]] || return 0
  local id
  id=$(printf '%s' "$name" | sha256sum | cut -d' ' -f1)
  { tr -d '\n' <"$config/contexts/meta/$id/meta.json"; } 2>/dev/null | grep -o '"Host" *: *"[^"]*"' | cut -d'"' -f4 || true
}

# api PATH [CURL OPTION...]: asks the engine at $endpoint.
api() {
  local path=$1 to=()
  shift
  case $endpoint in
    unix://*) to=(--unix-socket "${endpoint#unix://}" "http://engine$path") ;;
    tcp://*)
      if [[ -n ${DOCKER_TLS_VERIFY:-} ]]; then
        local certs=${DOCKER_CERT_PATH:-${HOME:-}/.docker}
        to=(--cacert "$certs/ca.pem" --cert "$certs/cert.pem" --key "$certs/key.pem" "https://${endpoint#tcp://}$path")
      else
        to=("http://${endpoint#tcp://}$path")
      fi
      ;;
    *) return 1 ;; # ssh:// and the like: the harness cannot speak that either
  esac
  curl -fsS -m 5 --noproxy '*' "$@" "${to[@]}" 2>/dev/null
}

engine_able() {
  local head version
  head=$(api /_ping -D - -o /dev/null | tr -d '\r' | tr '[:upper:]' '[:lower:]') || return 1
  version=$(sed -n 's/^api-version: 1\.//p' <<<"$head")
  [[ ${version:-0} -ge 44 ]] && grep -qx 'builder-version: 2' <<<"$head"
}
engine_answers() {
  [[ $engine == user ]] || recorded_pid engine >/dev/null || return 1
  api /_ping -o /dev/null
}

engine_line() {
  local version info store=classic whose="yours, by $origin"
  version=$(api /version | grep -o '"Version":"[^"]*"' | head -1 | cut -d'"' -f4) || true
  info=$(api /info) || true
  [[ $info != *io.containerd.snapshotter* ]] || store=containerd
  [[ $engine == user ]] || whose="the lab's own"
  echo "$whose: Docker Engine ${version:-?}, $store image store, $endpoint"
}

# The Debian mirror that apt knows. Ubuntu's apt knows none, but mmdebstrap does.
mirror() {
  local known=${LAB_MIRROR:-}
  if [[ -z $known ]]; then
    # shellcheck disable=SC2016  # apt's variables
    known=$(apt-get indextargets --format '$(LABEL) $(CREATED_BY) $(REPO_URI)' 2>/dev/null |
      sed -n 's/^Debian Packages \(https\{0,1\}:.*[^/]\)\/*$/\1/p') || true
  fi
  echo "${known%%$'\n'*}"
}

# fetch_package NAME: unpacks a package of the host's suite into the lab; installs nothing.
fetch_package() {
  if [[ $(apt-cache policy "$1" 2>/dev/null) != *Candidate:\ [0-9]* ]]; then apt-get update -qq >&2; fi
  mkdir -p "$lab/tools"
  rm -f "$lab/tools/$1"_*.deb
  (cd "$lab/tools" && apt-get -qq -o APT::Sandbox::User=root download "$1" >&2) ||
    fail "cannot fetch the package $1; try: apt-get update (is there a network?)"
  dpkg-deb -x "$lab/tools/$1"_*.deb "$lab/tools"
}

unpack_root() {
  [[ ! -d $root ]] || return 0
  local packages known name names options=()
  say "unpacking Debian $suite's engine and emulators into $root (a minute or two)"
  packages=docker.io,docker-cli,docker-buildx,docker-registry,containerd,runc,iptables,iproute2,passt,skopeo
  packages+=,ca-certificates,qemu-user-static,mmdebstrap,busybox,binutils,mount,procps
  if [[ ! -x $lab/tools/usr/bin/mmdebstrap ]]; then fetch_package mmdebstrap; fi
  if [[ ! -r /usr/share/keyrings/debian-archive-keyring.gpg ]]; then
    fetch_package debian-archive-keyring
    options+=(--keyring="$lab/tools/usr/share/keyrings")
  fi
  known=$(mirror)
  # The index of a suite under development may be past its date on a mirror that stands still.
  if [[ $suite != trixie ]]; then options+=(--aptopt='Acquire::Check-Valid-Until "false"'); fi
  names=("$suite")
  if [[ $suite == trixie ]]; then names+=(stable); fi # the same release while its codename says so
  for name in "${names[@]}"; do
    rm -rf "$lab/tmp/root"
    if step perl "$lab/tools/usr/bin/mmdebstrap" --mode=root --format=directory --variant=apt \
      --dpkgopt=force-unsafe-io --aptopt='APT::Install-Recommends "false"' --aptopt='APT::Sandbox::User "root"' \
      --aptopt='Acquire::Retries "3"' --include="$packages" "${options[@]}" \
      "$name" "$lab/tmp/root" ${known:+"$known"} >"$lab/unpack.log" 2>&1 &&
      grep -qw "$suite" "$lab/tmp/root/etc/os-release"; then
      mv "$lab/tmp/root" "$root"
      return
    fi
    tail -n 15 "$lab/unpack.log" >&2
  done
  fail "unpacking failed, log in $lab/unpack.log; another mirror: LAB_MIRROR=http://... $here/lab up"
}

# in_engine CMD...: on the engine's side of all its namespaces.
in_engine() {
  nsenter --target "$(recorded_pid engine)" --mount --pid --net -- "$@"
}

engine_up() {
  if engine_answers && settings_hold; then return; fi
  engine_down
  decide_bases
  local options=() starter
  if [[ $bases == lab ]]; then options+=(--registry-mirror "http://$registry"); fi
  mkdir -p "$lab/data-$suite-$store"
  printf '{"features": {"containerd-snapshotter": %s}}\n' "$([[ $store == containerd ]] && echo true || echo false)" \
    >"$lab/run/daemon.json"
  rm -f "$lab/run/docker.sock"
  echo "$suite $store $bases" >"$state/settings"
  echo "archproof-$id" >"$state/cgroup"
  # Slave: what the host mounts and unmounts later holds inside too, and nothing comes back.
  # docker-init ends with dockerd, and the kernel ends with it all that dockerd has started.
  setsid unshare --mount --propagation slave --pid --net --fork -- "$here/lab.d/enter" "$root" "$lab" "$state/engine" "$resolver" \
    docker-init -s -- dockerd --config-file "$lab/run/daemon.json" --data-root "$lab/data-$suite-$store" \
    --exec-root /run/docker --pidfile /run/dockerd.pid --cgroup-parent "/archproof-$id" \
    --host "$own_endpoint" "${options[@]}" </dev/null >"$lab/engine.log" 2>&1 9>&- &
  disown
  starter=$!
  await 60 engine_answers_or_ended "$starter" || true
  engine_answers || {
    tail -n 15 "$lab/engine.log" >&2
    engine_down
    fail "the engine does not start, log in $lab/engine.log"
  }
  # Started with sudo, it is the user's to use.
  if [[ -n ${SUDO_UID:-} ]]; then chown "$SUDO_UID" "$lab/run/docker.sock"; fi
  network_up
}

engine_answers_or_ended() { engine_answers || ! start_time "$1" >/dev/null; }

await() {
  local tenths=$(($1 * 10))
  shift
  until "$@"; do
    ((tenths-- > 0)) || return 1
    sleep 0.1
  done
}

# Ports that containers publish show on the host, and what listens on the host's loopback can be
# reached from the engine, as with an engine on the host itself.
network_up() {
  local host
  host=$(sed -n 's/^nameserver *\([0-9.]*\)$/\1/p' /etc/resolv.conf | head -1)
  nsenter --target "$(recorded_pid engine)" --mount --pid -- \
    pasta --quiet --runas 0:0 --config-net --netns-only --netns /run/net \
    -t auto -u none -T auto -U none --map-host-loopback none --dns-forward "$resolver" ${host:+--dns-host "$host"} \
    </dev/null >"$lab/network.log" 2>&1 9>&- ||
    say "containers have no network: $(tail -n 1 "$lab/network.log")"
}

engine_down() {
  local pid group
  if pid=$(recorded_pid engine); then
    kill "$pid" 2>/dev/null || true
    await 15 gone "$pid" || kill -9 "$pid" 2>/dev/null || true
    await 10 gone "$pid" || fail "the engine, process $pid, does not end"
  fi
  rm -f "$state/engine" "$lab/run/docker.sock"
  if [[ -r $state/cgroup ]]; then
    group=$(cat "$state/cgroup")
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
  fi
}
gone() { ! start_time "$1" >/dev/null; }
