# shellcheck shell=bash disable=SC2154  # sourced by ci/lab, which sets lab, state, here
# Base images: from Docker Hub where it answers; else from a registry inside the lab that the
# lab's engine takes for Docker Hub's mirror, with images put together from Debian's packages.

hub=https://registry-1.docker.io/v2/

# Hub answers with 401 to whoever has not logged in: any answer will do.
hub_answers() { curl -sS -m 5 -o /dev/null "$hub" 2>/dev/null; }

decide_bases() {
  [[ -z $bases ]] || return 0
  if hub_answers; then bases=hub; else bases=lab; fi
}

user_engine_mirror() { [[ $(api /info) =~ \"Mirrors\":\[\"([^\"]*) ]] && echo "${BASH_REMATCH[1]}"; }

# An engine of the user's cannot be told of a mirror from here.
check_bases() {
  if [[ $engine == user ]] && ! bases_ready; then
    problem "Docker Hub does not answer, and the engine at $endpoint has no mirror of it" "LAB_ENGINE=own $here/lab up"
  fi
}

images_version() { sha256sum <"$here/lab.d/images" | cut -c1-16; }

bases_ready() {
  if [[ $engine == user ]]; then
    user_engine_mirror >/dev/null || hub_answers
  else
    [[ $bases == hub ]] || { registry_answers && [[ -e $lab/registry/complete-$(images_version) ]]; }
  fi
}

# The program of a registry: tests start their own.
registry_program() {
  local folder
  for folder in "$lab"/root-* "$lab/tools"; do
    if [[ -x $folder/usr/bin/docker-registry ]]; then
      echo "$folder/usr/bin/docker-registry"
      return
    fi
  done
  return 1
}

registry_answers() {
  local pid
  pid=$(recorded_pid engine) || return 1
  nsenter --target "$pid" --net -- curl -fsS -m 2 --noproxy '*' -o /dev/null "http://$registry/v2/" 2>/dev/null
}

registry_up() {
  if registry_answers; then return; fi
  mkdir -p "$lab/registry"
  cat >"$lab/run/registry.yml" <<YAML
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $lab/registry}}
http: {addr: $registry}
YAML
  in_engine setsid docker-registry serve "$lab/run/registry.yml" </dev/null >"$lab/registry.log" 2>&1 9>&- &
  disown
  await 10 registry_answers || {
    tail -n 5 "$lab/registry.log" >&2
    fail "the registry of base images does not start, log in $lab/registry.log"
  }
}

bases_up() {
  [[ $engine == own && $bases == lab ]] || return 0
  registry_up
  if bases_ready; then return; fi
  local work=$lab/tmp/images tag
  say "Docker Hub does not answer: making debian, busybox and golang from Debian's packages (three minutes)"
  if ! step "$here/lab.d/images" "$root" "$work" "$(mirror)" >"$lab/images.log" 2>&1; then
    tail -n 15 "$lab/images.log" >&2
    fail "making base images failed, log in $lab/images.log; another mirror: LAB_MIRROR=http://... $here/lab up"
  fi
  for tag in debian:trixie-slim debian:trixie debian:latest busybox:latest golang:latest; do
    in_engine skopeo --insecure-policy copy --quiet --all --dest-tls-verify=false \
      "oci:$work/${tag%:*}:lab" "docker://$registry/library/$tag" >>"$lab/images.log" 2>&1 ||
      fail "cannot store $tag, log in $lab/images.log"
  done
  rm -rf "$work" "$lab"/registry/complete-*
  touch "$lab/registry/complete-$(images_version)"
}

bases_status() {
  if [[ $engine == user ]]; then
    local mirror
    if mirror=$(user_engine_mirror); then
      echo "base images  from the engine's mirror $mirror"
    elif hub_answers; then
      echo "base images  from Docker Hub"
    else
      echo "base images  none: Docker Hub does not answer, and the engine has no mirror"
      return 1
    fi
    return
  fi
  choose_settings
  if [[ $bases == hub ]]; then
    echo "base images  from Docker Hub"
  elif engine_answers && bases_ready; then
    echo "base images  from the lab's mirror of Docker Hub: debian, busybox, golang"
  else
    echo "base images  none yet"
    return 1
  fi
}
