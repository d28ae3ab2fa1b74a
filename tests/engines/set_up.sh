#!/usr/bin/env bash
# Fetch engines into FOLDER (.engines): `set_up.sh prism` or `set_up.sh flink`, from package registries alone. What cannot be
# had is said in one line, and the tests that need it are skipped. BIN: bin folder of the environment.
set -euo pipefail
folder="${FOLDER:-.engines}"
flink_version="1.20.5"
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

flink() {
  local name="beam-runners-flink-${flink_version%.*}-job-server"
  command -v java > /dev/null || without "Flink needs Java, which is not installed"
  mkdir -p "$folder/flink"
  if [ ! -f "$folder/flink/beam-job-server.jar" ]; then
    command -v mvn > /dev/null || without "Beam's job server is fetched with Maven, which is not installed"
    mvn -q -B -U dependency:get -Dtransitive=false -Dartifact="org.apache.beam:$name:$beam_version" > "$folder/flink/maven.log" ||
      without "Maven's registry has no $name $beam_version (log: $folder/flink/maven.log)"
    mvn -q -B dependency:copy -Dartifact="org.apache.beam:$name:$beam_version" -DoutputDirectory="$folder/flink" \
      -Dmdep.stripVersion=true > "$folder/flink/maven.log"
    mv "$folder/flink/$name.jar" "$folder/flink/beam-job-server.jar"
  fi
  if [ ! -d "$folder/flink/lib" ]; then
    "$python" -m pip download -q --no-deps --no-build-isolation --no-binary :all: -d "$folder/flink" \
      "apache-flink-libraries==$flink_version" || without "PyPI has no apache-flink-libraries $flink_version"
    tar -xzf "$folder/flink/apache_flink_libraries-$flink_version.tar.gz" -C "$folder/flink" --strip-components=2 --wildcards '*/deps/lib'
    rm "$folder/flink/apache_flink_libraries-$flink_version.tar.gz"
  fi
}

"$1"
