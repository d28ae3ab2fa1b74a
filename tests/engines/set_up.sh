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

prism() {
  if [ -x "$folder/prism" ]; then return; fi
  command -v go > /dev/null || without "Prism is built with Go, which is not installed"
  mkdir -p "$folder"
  CGO_ENABLED=0 GOBIN="$(realpath "$folder")" go install "github.com/apache/beam/sdks/v2/go/cmd/prism@v$beam_version" \
    2> "$folder/prism.log" || without "Go's registry gave no Prism $beam_version: see $folder/prism.log"
}

gcs() {
  if [ -x "$folder/fake-gcs-server" ]; then return; fi
  command -v go > /dev/null || without "the emulator of Google's storage is built with Go, which is not installed"
  mkdir -p "$folder"
  CGO_ENABLED=0 GOBIN="$(realpath "$folder")" go install "github.com/fsouza/fake-gcs-server@v$gcs_version" \
    2> "$folder/gcs.log" || without "Go's registry gave no fake-gcs-server $gcs_version: see $folder/gcs.log"
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
