"""Beam's options of a job: workers have this program in their image, and nothing of the launcher is sent to them."""

from apache_beam.options.pipeline_options import DebugOptions, PipelineOptions, SetupOptions, StandardOptions

_NO_PACKAGE_LIST = "disable_logging_submission_environment"  # the launcher's packages, with the folders of some
_OWN_MB = 2000  # of a worker process, beside the child that decodes


def job_options(flags: list[str], memory_mb: int) -> PipelineOptions:
    """The options of these flags, without what Beam sends along from the launcher where the flags do not ask for it.

    memory_mb: limits.memory_mb, which becomes a hint for runners that know such. It is one for the whole job: hints at
    single stages would give these stages workers of their own.
    """
    options = PipelineOptions(flags)
    setup = options.view_as(SetupOptions)
    if setup.save_main_session is None:  # Beam's default on Dataflow: the state of the launcher's __main__
        setup.save_main_session = False
    options.view_as(DebugOptions).add_experiment(_NO_PACKAGE_LIST)
    hints = options.view_as(StandardOptions).resource_hints
    if not any(hint.lower().startswith(("min_ram", "minram")) for hint in hints):
        hints.append(f"min_ram={memory_mb + _OWN_MB}MB")
    return options
