#!/bin/sh
# Fetches the real servers that the integration tests run: Dovecot, Postfix, Exim and kcat as Debian packages, Apache
# Kafka as jars. Nothing is installed: every package is unpacked into a tree of its own below .cache, which the tests
# lay over /usr in a mount namespace, so that conflicting mail servers run beside each other and the machine stays as
# it is. Safe to run again; a second run does nothing.
#
#	setup.sh            what `make integration` needs
#	setup.sh samples    also the mail servers whose bounces become test data
#
# INTEGRATION_CACHE names another place than .cache/integration.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${INTEGRATION_CACHE:-$(cd "$here/../.." && pwd)/.cache/integration}
mkdir -p "$cache/debs"

fail() { echo "integration setup: $*" >&2; exit 1; }

# again LOG COMMAND...: three attempts, for networks and mirrors have bad moments.
again() {
	log=$1; shift
	for wait in 5 20 no; do
		"$@" >>"$log" 2>&1 && return
		[ $wait = no ] || { echo "integration setup: $* failed, once more in $wait s" >&2; sleep $wait; }
	done
	return 1
}

root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

listed=
update() {
	[ -z "$listed" ] || return 0
	command -v apt-get >/dev/null || fail "no apt-get: the mail servers come from Debian's or Ubuntu's packages"
	again "$cache/apt.log" root apt-get -qq update ||
		fail "apt-get update failed (no network? no root or sudo?); see $cache/apt.log"
	listed=yes
}

# download PACKAGE: a package is in debs when all of it is there.
download() {
	rm -rf "$cache/debs/new"
	mkdir -p "$cache/debs/new"
	(cd "$cache/debs/new" && apt-get -qq download "$1") && mv "$cache/debs/new/"*.deb "$cache/debs/"
}

# tree NAME PACKAGE...: unpacks the packages, and what they need that this machine lacks, into trees/NAME.
tree() {
	name=$1; shift
	[ ! -e "$cache/trees/$name.done" ] || return 0
	update
	plan=$(apt-get -s --no-install-recommends install "$@" 2>>"$cache/apt.log") ||
		fail "apt-get knows no way to install $*; see $cache/apt.log"
	need=$(echo "$plan" | awk '/^Inst/{print $2}')
	rm -rf "$cache/trees/$name"
	mkdir -p "$cache/trees/$name"
	for p in $need; do
		set -- "$cache/debs/$p"_*.deb
		if [ ! -e "$1" ]; then
			again "$cache/apt.log" download "$p" || fail "apt-get download $p failed (no network?); see $cache/apt.log"
			set -- "$cache/debs/$p"_*.deb
		fi
		dpkg -x "$1" "$cache/trees/$name" || { rm -f "$1"; fail "$1 was damaged, and is removed: run this again"; }
	done
	# Packages that still say /bin, /lib and /sbin: one overlay on /usr is to show them all.
	for d in bin sbin lib; do
		[ -d "$cache/trees/$name/$d" ] && [ ! -L "$cache/trees/$name/$d" ] || continue
		mkdir -p "$cache/trees/$name/usr/$d"
		cp -a "$cache/trees/$name/$d/." "$cache/trees/$name/usr/$d/"
		rm -rf "${cache:?}/trees/$name/$d"
	done
	mkdir -p "$cache/trees/$name/usr" "$cache/trees/$name/etc"
	touch "$cache/trees/$name.done"
	echo "integration setup: $name is here"
}

kafka() {
	libs=$cache/kafka/libs
	if [ -e "$cache/kafka.done" ] && cmp -s "$here/pom.xml" "$cache/kafka.done"; then return 0; fi
	command -v java >/dev/null || fail "no java: Apache Kafka needs a Java runtime of version 17 or later"
	command -v mvn >/dev/null || fail "no mvn: Apache Kafka's jars are fetched with Maven"
	rm -rf "$cache/kafka"
	mkdir -p "$libs"
	again "$cache/mvn.log" mvn -B -q -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$libs" ||
		fail "Maven could not fetch Apache Kafka (no network?); see $cache/mvn.log"
	cp "$here/pom.xml" "$cache/kafka.done"
	echo "integration setup: kafka is here"
}

haraka() {
	[ ! -e "$cache/haraka.done" ] || return 0
	command -v npm >/dev/null || fail "no npm: Haraka comes from the npm registry"
	mkdir -p "$cache/haraka"
	again "$cache/npm.log" npm install --prefix "$cache/haraka" --no-audit --no-fund --omit=optional Haraka@3 ||
		fail "npm could not fetch Haraka (no network?); see $cache/npm.log"
	touch "$cache/haraka.done"
	echo "integration setup: haraka is here"
}

for tool in unshare nsenter flock ip sysctl; do
	command -v $tool >/dev/null || [ -x /sbin/$tool ] || [ -x /usr/sbin/$tool ] ||
		fail "no $tool: install the packages util-linux, iproute2 and procps"
done
[ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || fail "the tests lay mounts in namespaces of their own: run as root, or with sudo that asks for no password"

# Two of these must not fill one cache at the same time.
exec 9>"$cache/lock"
flock 9
tree dovecot dovecot-imapd dovecot-lmtpd dovecot-sieve
tree postfix postfix
tree exim exim4-daemon-light
tree kcat kcat
kafka
if [ "${1:-}" = samples ]; then
	tree sendmail sendmail-bin sendmail-cf
	tree courier courier-mta
	tree opensmtpd opensmtpd
	tree dma dma
	tree nullmailer nullmailer
	tree chasquid chasquid
	haraka
fi
