"""Environment variables of every process of ours, to be set before any numeric import.

Every numeric library gets one thread, because sums that are split over threads differ in their last bits between
machines; a run is spread over processes instead. Native libraries are quiet and send no telemetry. Worker processes
inherit the variables; an image for workers elsewhere sets the same ones.
"""

import os
from pathlib import Path

from transforms import NO_TELEMETRY

ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OPENCV_FOR_THREADS_NUM",
    )
}
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "3", "ABSL_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "ERROR"}
ROOT = str(Path(__file__).resolve().parents[1])


def set_environment() -> None:
    """Set the variables in this process, for its own libraries and for the worker processes that it starts.

    Workers import this copy of the packages, and nothing from the current folder, where a file could shadow them.
    """
    os.environ.update(ONE_THREAD | QUIET | NO_TELEMETRY | {"PYTHONSAFEPATH": "1"})
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != ROOT]
    os.environ["PYTHONPATH"] = os.pathsep.join([ROOT, *paths])
