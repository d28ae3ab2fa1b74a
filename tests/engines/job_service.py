"""Beam's own job service, which runs every bundle twice: `python job_service.py PORT`.

An engine that lost a worker runs bundles again. The service's command line cannot ask for that: it ignores
--direct_runner_bundle_repeat.
"""

import sys
import threading

from apache_beam.portability.api import beam_job_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.local_job_service import BeamJob, LocalJobServicer
from apache_beam.runners.runner import PipelineResult


class RepeatingJob(BeamJob):
    """A job whose bundles all run once more."""

    def _invoke_runner(self) -> PipelineResult:
        self.set_state(beam_job_api_pb2.JobState.RUNNING)
        runner = FnApiRunner(provision_info=self._provision_info, bundle_repeat=1)
        return runner.run_via_runner_api(self._pipeline_proto, self.pipeline_options())


if __name__ == "__main__":
    LocalJobServicer(beam_job_type=RepeatingJob).start_grpc_server(int(sys.argv[1]))
    threading.Event().wait()
