# The hotline's own programs: IVR, ticket service, stand-ins, and the tools. One image, one command a service (see
# compose.yaml). The dialplan, the prompts and the fallback script are installed with the packages (share/hotline).
FROM debian:trixie-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/*

RUN python3 -m venv /opt/hotline

WORKDIR /src
COPY pyproject.toml README.md LICENSE /src/
COPY hotline /src/hotline
COPY ivr /src/ivr
COPY speech /src/speech
COPY routing /src/routing
COPY tickets /src/tickets
COPY asterisk /src/asterisk
RUN /opt/hotline/bin/pip install --no-cache-dir --disable-pip-version-check . \
 && /opt/hotline/bin/hotline --help > /dev/null

RUN groupadd --gid 5060 hotline \
 && useradd --uid 5060 --gid 5060 --no-create-home --home-dir /var/lib/hotline --shell /usr/sbin/nologin hotline \
 && install -d -o hotline -g hotline -m 0750 /var/lib/hotline /var/lib/hotline/state /var/lib/hotline/models

ENV TZ=Asia/Shanghai \
    HOTLINE_HOME=/var/lib/hotline \
    PATH=/opt/hotline/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1

USER hotline
WORKDIR /var/lib/hotline
VOLUME /var/lib/hotline/state
VOLUME /var/lib/hotline/models
ENTRYPOINT ["hotline"]
