# Builds and runs risk-manager as an ordinary user.
#
#   docker build -t risk-manager-app .
#   docker run --rm -v "$(pwd)/.env":/app/.env -v "$(pwd)/settings.toml":/app/settings.toml risk-manager-app
#
# A .env of mode 0600 can be read by its owner only: add --user "$(id -u):$(id -g)".
# The root file system may be read-only (--read-only): only /state is written, and the report where --output says.

FROM python:3.11-slim AS builder
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/risk-manager
COPY .ci/requirements.txt .ci/requirements.txt
RUN /opt/risk-manager/bin/python -m pip install --require-hashes --requirement .ci/requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY market_analysis market_analysis
RUN /opt/risk-manager/bin/python -m pip install --no-deps --no-build-isolation .
RUN /opt/risk-manager/bin/python -m compileall -q /opt/risk-manager/lib

FROM python:3.11-slim
ENV PATH=/opt/risk-manager/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 RISK_MANAGER_STATE_DIR=/state
RUN useradd --uid 1000 --create-home risk
RUN install -d -m 1777 /app /state
COPY --from=builder /opt/risk-manager /opt/risk-manager
VOLUME /state
WORKDIR /app
USER 1000:1000
# For --monitor: healthy while the report is younger than REPORT_MAX_AGE_MINUTES.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD test -n "$(find "${REPORT_FILE:-/app/risk_analysis.json}" -mmin "-${REPORT_MAX_AGE_MINUTES:-2}")"
ENTRYPOINT ["risk-manager"]
