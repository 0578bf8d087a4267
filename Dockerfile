# make demo in Debian 13, with the distribution's GNU Radio and torch (no CUDA).
#   docker build -t gr-gensc . && docker run --rm -v "$PWD/out:/gr-gensc/out" gr-gensc
FROM debian:13
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /gr-gensc
COPY . .
RUN make setup && rm -rf /var/lib/apt/lists/* /root/.cache
ENV PATH="/gr-gensc/.venv/bin:$PATH"
CMD ["gensc", "demo"]
