# Workers of Dataflow, Flink or a worker pool: this program and its models, as a user that is not root.
#     python -m pip wheel --no-deps -w dist . && docker build -t IMAGE .
FROM apache/beam_python3.11_sdk:2.77.0

ENV OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OPENCV_FOR_THREADS_NUM=1 PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 \
    TALKSHARD_MODELS=/opt/talkshard/models

COPY dist/talkshard-*.whl constraints.txt /build/
RUN pip install --no-cache-dir -c /build/constraints.txt "$(ls /build/talkshard-*.whl)[gcp,aws]" \
    && rm -r /build \
    && talkshard models install \
    && useradd --create-home --uid 10001 talkshard

USER talkshard
# Decodes a clip and computes with every network: what is missing stops the build of the image, not a job.
RUN talkshard models try
