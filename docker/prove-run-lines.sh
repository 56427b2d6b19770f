#!/bin/bash
# Prove a Dockerfile without a container engine: build a fresh Debian root with mmdebstrap and carry out the file in it, line by line, as
# an engine would (FROM debian:*, ENV, WORKDIR, COPY, USER, RUN; the others only describe). Stops at the first line that fails.
#
#   docker/prove-run-lines.sh docker/Dockerfile.asterisk [command to run at the end…]
#
# Needs root (chroot), mmdebstrap and the machine's own apt and pip settings for the network. KEEP_ROOT=dir keeps the root there; CONTEXT=dir copies from there.
set -euo pipefail

dockerfile=${1:?usage: prove-run-lines.sh DOCKERFILE [COMMAND…]}
shift
context=${CONTEXT:-$(cd "$(dirname "$0")/.." && pwd)}
root=${KEEP_ROOT:-$(mktemp -d /tmp/hotline-prove-XXXXXX)}
environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8)
mounts=()
directory=/
user=root
lines=0

cleanup() {
    local mounted
    for mounted in "${mounts[@]}"; do umount -q "$mounted" 2>/dev/null || true; done
    [ -n "${KEEP_ROOT:-}" ] || rm -rf --one-file-system "$root"
}
trap cleanup EXIT

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }

inside() {
    local who=()
    [ "$user" = root ] || who=(--userspec="$user:$user")
    chroot "${who[@]}" "$root" /usr/bin/env -i "${environment[@]}" /bin/sh -c "cd '$directory' && $1"
}

lend() {
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    mounts+=("$root$1")
}

make_root() {
    local image=$1 suite
    case $image in
        debian:*) suite=${image#debian:}; suite=${suite%-slim} ;;
        *) echo "expected FROM debian:<suite>, found $image" >&2; exit 1 ;;
    esac
    say "FROM $image"
    local options=(--quiet --mode=root --variant=minbase '--aptopt=APT::Install-Recommends "false"')
    mkdir -p "$root"
    # A mirror frozen on purpose has an expired Release file; its signature is checked all the same.
    if ! mmdebstrap "${options[@]}" "$suite" "$root"; then
        find "$root" -mindepth 1 -delete
        options+=('--aptopt=Acquire::Check-Valid-Until "false"')
        mmdebstrap "${options[@]}" "$suite" "$root"
        printf 'Acquire::Check-Valid-Until "false";\n' >"$root/etc/apt/apt.conf.d/80frozen-mirror"
    fi
    chmod 755 "$root"
    cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
    # The machine's way to its package sources, nothing else of it.
    for file in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf /etc/pip.conf "$HOME/.config/pip/pip.conf"; do
        [ -f "$file" ] && install -D -m 644 "$file" "$root$file"
    done
    while IFS= read -r variable; do environment+=("$variable"); done < <(env | grep -E '^(PIP_|https?_proxy=|no_proxy=)' || true)
    lend /dev
    mount -t proc proc "$root/proc"
    mounts+=("$root/proc")
    # Certificates this machine trusts, and package folders that pip's settings name as local paths.
    if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
        install -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/machine-certificates.crt"
        environment+=(PIP_CERT=/etc/machine-certificates.crt)
    fi
    local folder
    while IFS= read -r folder; do
        folder=${folder%/simple}/ # an index's pages point at files beside them
        if [ -d "$folder" ]; then lend "${folder%/}"; fi
    done < <({ python3 -m pip config list; env | grep ^PIP_; } 2>/dev/null | grep -oE "(file://)?/[A-Za-z0-9_./-]+" | grep -vE '^//' | sed 's#^file://##' | sort -u)
}

while IFS= read -r line || [ -n "$line" ]; do
    while [[ $line == *\\ ]]; do
        IFS= read -r more
        line="${line%\\} $more"
    done
    [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
    word=${line%% *}
    rest=${line#* }
    case $word in
        FROM) make_root "$rest" ;;
        ENV) eval "environment+=($rest)" ;;
        WORKDIR) directory=$rest; mkdir -p "$root$rest" ;;
        USER) user=$rest ;;
        COPY)
            read -ra parts <<<"$rest"
            target=${parts[-1]}
            say "COPY $rest"
            for source in "${parts[@]:0:${#parts[@]}-1}"; do
                if [ -d "$context/$source" ]; then
                    mkdir -p "$root$target" && cp -rT "$context/$source" "$root$target"
                else
                    mkdir -p "$root$target" && cp "$context/$source" "$root$target"
                fi
            done
            ;;
        RUN)
            lines=$((lines + 1))
            say "RUN $rest"
            inside "$rest"
            ;;
        VOLUME | STOPSIGNAL | ENTRYPOINT | CMD | EXPOSE | LABEL) ;;
        *) echo "this script does not know the instruction $word" >&2; exit 1 ;;
    esac
done <"$dockerfile"

say "all $lines RUN lines of ${dockerfile##*/} worked"
for command in "$@"; do
    say "at the end: $command"
    inside "$command"
done
