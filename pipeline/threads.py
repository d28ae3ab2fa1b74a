"""One thread a kernel, and quiet native libraries: environment that must be set before any numeric import.

Kernels that split a sum over threads give other last bits on another machine; processes are what a run is spread over.
Worker processes inherit it; a worker image sets the same variables.
"""

import os
from pathlib import Path

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
    """Set the variables in this process, for its kernels and for the worker processes it starts.

    Workers find this very copy of the packages, and nothing of the current folder: its plain names could be shadowed.
    """
    os.environ.update(ONE_THREAD | QUIET | {"PYTHONSAFEPATH": "1"})
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != ROOT]
    os.environ["PYTHONPATH"] = os.pathsep.join([ROOT, *paths])
