"""Beam's options of a job: workers have this program in their image, and nothing of the launcher is sent to them."""

from apache_beam.options.pipeline_options import DebugOptions, PipelineOptions, SetupOptions

_NO_PACKAGE_LIST = "disable_logging_submission_environment"  # the launcher's packages, with the folders of some


def job_options(flags: list[str]) -> PipelineOptions:
    """The options of these flags, without what Beam sends along from the launcher where the flags do not ask for it."""
    options = PipelineOptions(flags)
    setup = options.view_as(SetupOptions)
    if setup.save_main_session is None:  # Beam's default on Dataflow: the state of the launcher's __main__
        setup.save_main_session = False
    options.view_as(DebugOptions).add_experiment(_NO_PACKAGE_LIST)
    return options
