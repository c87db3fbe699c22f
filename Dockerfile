# syntax=docker/dockerfile:1
# The release pins the base by digest: --build-arg BASE=python:3.13-slim@sha256:...
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv /build/tools \
 && /build/tools/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --no-deps -r requirements/build.txt \
 && python -m venv --without-pip /opt/mailtls \
 && /build/tools/bin/pip --python /opt/mailtls/bin/python install --no-cache-dir --no-compile \
    --require-hashes --only-binary :all: --no-deps -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
# Each run of an action is a new container: what is not compiled here is compiled every time.
# Nothing in the image changes afterwards, so the sources need not be looked at to trust the code.
RUN /build/tools/bin/pip wheel --no-cache-dir --no-index --no-deps --no-build-isolation --wheel-dir dist . \
 && /build/tools/bin/pip --python /opt/mailtls/bin/python install --no-cache-dir --no-compile --no-index --no-deps dist/*.whl \
 && rm -f /opt/mailtls/bin/mailtls /opt/mailtls/.gitignore
COPY --chmod=755 entrypoint.py /opt/mailtls/entrypoint.py
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/mailtls/lib \
 && stdlib="$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
 && cp -a "$stdlib" /build/stdlib \
 && rm -rf /build/stdlib/site-packages /build/stdlib/dist-packages /build/stdlib/test /build/stdlib/idlelib \
 && python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash -s /build/stdlib -p "$stdlib" /build/stdlib \
 && cd /build/stdlib && mkdir -p "/build/compiled$stdlib" \
 && find . -name '*.pyc' -exec cp --parents -t "/build/compiled$stdlib" {} +

FROM ${BASE}
LABEL org.opencontainers.image.title="mailtls" \
      org.opencontainers.image.description="The CI gate for mail transport security" \
      org.opencontainers.image.licenses="Apache-2.0"
# Root starts, opens the runner's command files and becomes this user, or the workspace's owner,
# before the first byte is sent; a USER line would keep it from those files.
RUN echo 'mailtls:x:65532:' >> /etc/group \
 && echo 'mailtls:x:65532:65532::/nonexistent:/usr/sbin/nologin' >> /etc/passwd \
 && purelib="$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && stdlib="$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
 && rm -rf "$purelib"/pip "$purelib"/pip-* "$purelib"/setuptools* "$stdlib"/ensurepip \
    /usr/share/python-wheels /usr/local/bin/pip* \
 && printf '#!/bin/sh\nexec /opt/mailtls/bin/python -I -m mailtls "$@"\n' > /usr/local/bin/mailtls \
 && chmod 755 /usr/local/bin/mailtls
COPY --from=build /build/compiled/ /
COPY --from=build /opt/mailtls /opt/mailtls
ENV PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["/opt/mailtls/bin/python", "-I", "/opt/mailtls/entrypoint.py"]
