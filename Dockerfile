# A small image that runs as nobody: the program, its libraries, glibc, and no shell.
#     docker build -t hydrant .
#     docker run --rm hydrant help
FROM debian:12-slim AS build
WORKDIR /hydrant
COPY scripts/packages scripts/packages
RUN scripts/packages build
COPY . .
RUN scripts/build release hydrant && scripts/image-files build/release/hydrant /image

FROM gcr.io/distroless/base-debian12:nonroot
COPY --from=build /image /
ENV LD_LIBRARY_PATH=/usr/lib/hydrant
EXPOSE 4477 4478
HEALTHCHECK --interval=5s --timeout=5s CMD ["hydrant", "health"]
ENTRYPOINT ["hydrant"]
CMD ["serve", "-c", "/etc/hydrant/hydrant.yml"]
