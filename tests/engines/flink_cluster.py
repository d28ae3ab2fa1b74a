"""A Flink cluster on this machine: a JobManager and TaskManagers from Flink's jars, and Beam's job server for it."""

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.engines.processes import Running, free_port, listens, wait_until

SETTINGS = """\
jobmanager.rpc.address: localhost
jobmanager.rpc.port: {rpc_port}
rest.address: localhost
rest.bind-address: localhost
rest.port: {rest_port}
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 10
restart-strategy.fixed-delay.delay: 2 s
heartbeat.interval: 1000
heartbeat.timeout: 8000
cluster.evenly-spread-out-slots: true
taskmanager.host: localhost
taskmanager.numberOfTaskSlots: 2
taskmanager.cpu.cores: 1.0
taskmanager.memory.task.heap.size: 384m
taskmanager.memory.task.off-heap.size: 0m
taskmanager.memory.framework.heap.size: 128m
taskmanager.memory.framework.off-heap.size: 128m
taskmanager.memory.managed.size: 128m
taskmanager.memory.network.min: 64m
taskmanager.memory.network.max: 64m
taskmanager.memory.jvm-metaspace.size: 256m
taskmanager.memory.jvm-overhead.min: 192m
taskmanager.memory.jvm-overhead.max: 192m
"""
JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"


@dataclass(frozen=True, kw_only=True)
class FlinkFiles:
    """What `make flink-test` fetches."""

    folder: Path

    @property
    def job_server(self) -> Path:
        """Beam's job server for this Flink."""
        return self.folder / "beam-job-server.jar"

    @property
    def libraries(self) -> Path:
        """The folder of Flink's jars."""
        return self.folder / "lib"


class FlinkCluster:
    """A running cluster; everything it starts has a log in one folder, and ends with `close`."""

    def __init__(self, files: FlinkFiles, folder: Path):
        self._files, self._folder, self.rest_port = files, folder, free_port()
        self._processes: list[Running] = []
        settings = SETTINGS.format(rest_port=self.rest_port, rpc_port=free_port())
        (folder / "config.yaml").write_text(settings)
        self._start_java("job-manager", "-Xmx512m", "-cp", self._classes(), JOB_MANAGER, "--configDir", folder)
        wait_until(lambda: listens(self.rest_port), self._processes[0])

    def add_task_manager(self) -> Running:
        """Start one more TaskManager, and wait until the JobManager knows it."""
        before, number = self.num_task_managers(), len(self._processes)
        arguments = ("-Xmx512m", "-cp", self._classes(), TASK_MANAGER, "--configDir", self._folder)
        process = self._start_java(f"task-manager-{number}", *arguments)
        wait_until(lambda: self.num_task_managers() > before, process)
        return process

    def num_task_managers(self) -> int:
        """How many TaskManagers the JobManager knows."""
        with urllib.request.urlopen(f"http://localhost:{self.rest_port}/overview", timeout=10) as answer:
            return json.load(answer)["taskmanagers"]

    def start_job_server(self) -> int:
        """Start Beam's job server for this cluster; returns its port."""
        port = free_port()
        places = (f"--flink-master=localhost:{self.rest_port}", f"--artifacts-dir={self._folder / 'artifacts'}")
        ports = ("--job-host=localhost", f"--job-port={port}", "--artifact-port=0", "--expansion-port=0")
        server = self._start_java("job-server", "-Xmx512m", "-jar", self._files.job_server, *places, *ports)
        wait_until(lambda: listens(port), server)
        return port

    def close(self) -> None:
        """Kill whatever still runs."""
        for process in self._processes[::-1]:
            process.kill()

    def _classes(self) -> str:
        return f"{self._files.libraries}/*"

    def _start_java(self, name: str, *arguments: object) -> Running:
        self._processes.append(Running(("java", *arguments), self._folder / f"{name}.log"))
        return self._processes[-1]
