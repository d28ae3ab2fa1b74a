"""Raw video to clips, one package a stage.

Importing this package switches the telemetry of libraries off. onnxruntime reads its variable when it is imported, so
the variables are set here, before any library is imported, and in other programs that import this package as well.
"""

import os

NO_TELEMETRY = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime: a thread, and files in the temporary and the cache folder
    "PYANNOTE_METRICS_ENABLED": "0",  # pyannote.audio
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, where a pyannote checkpoint is named by its hub id
}

os.environ.update(NO_TELEMETRY)
