#!/usr/bin/env bash
# Fetch an engine or a store into FOLDER (.engines), from package registries alone: `set_up.sh prism|flink|gcs`. What
# cannot be had is said in one line, and the tests that need it are skipped. BIN: bin folder of the environment.
set -euo pipefail
folder="${FOLDER:-.engines}"
flink_version="1.20.5"
gcs_version="1.52.2"
python="${BIN:-.venv/bin}/python"
beam_version="$("$python" -c 'from importlib.metadata import version; print(version("apache-beam"))')"

without() {
  echo "skipped: $1" >&2
  exit 0
}

# built_with_go NAME PACKAGE VERSION WHAT: build a program, which is called NAME
built_with_go() {
  if [ -x "$folder/$1" ]; then return; fi
  command -v go > /dev/null || without "$4 is built with Go, which is not installed"
  mkdir -p "$folder"
  CGO_ENABLED=0 GOBIN="$(realpath "$folder")" go install "$2@v$3" 2> "$folder/$1.log" ||
    without "Go's registry gave no $1 $3: see $folder/$1.log"
}

prism() {
  built_with_go prism github.com/apache/beam/sdks/v2/go/cmd/prism "$beam_version" "Prism"
}

gcs() {
  built_with_go fake-gcs-server github.com/fsouza/fake-gcs-server "$gcs_version" "the emulator of Google's storage"
}

flink() {
  local name="beam-runners-flink-${flink_version%.*}-job-server" place="$folder/flink"
  local artifact="org.apache.beam:$name:$beam_version" archive="apache_flink_libraries-$flink_version.tar.gz"
  command -v java > /dev/null || without "Flink needs Java, which is not installed"
  mkdir -p "$place"
  if [ ! -f "$place/beam-job-server.jar" ]; then
    command -v mvn > /dev/null || without "Beam's job server is fetched with Maven, which is not installed"
    mvn -q -B -U dependency:get -Dtransitive=false -Dartifact="$artifact" > "$place/maven.log" 2>&1 ||
      without "Maven's registry gave no $name $beam_version: see $place/maven.log"
    mvn -q -B dependency:copy -Dartifact="$artifact" -DoutputDirectory="$place" -Dmdep.stripVersion=true \
      > "$place/maven.log"
    mv "$place/$name.jar" "$place/beam-job-server.jar"
  fi
  if [ ! -d "$place/lib" ]; then
    "$python" -m pip download -q --no-deps -d "$place" "apache-flink-libraries==$flink_version" ||
      without "PyPI gave no apache-flink-libraries $flink_version"
    tar -xzf "$place/$archive" -C "$place" --strip-components=2 --wildcards '*/deps/lib'
    rm "$place/$archive"
  fi
}

"$1"
