# Onramp's image: the gateway by default, any other command by its arguments.
#   docker build -t onramp . && docker run --rm onramp --help

ARG IMAGE_PREFIX=
FROM ${IMAGE_PREFIX}node:24.21.0-slim AS pages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN ./node_modules/.bin/vite build dashboards/live

FROM ${IMAGE_PREFIX}node:24.21.0-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image brings node itself; no other dependency has an install script.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY onramp.ts ./
COPY model ./model
COPY broker ./broker
COPY gateway ./gateway
COPY simulator ./simulator
COPY benchmarks ./benchmarks
COPY --from=pages /app/dashboards/live/dist ./dashboards/live/dist
# A new volume takes over owner and mode of the folder it is mounted on.
RUN install -d -o node -g node -m 700 /var/lib/onramp
USER node
VOLUME /var/lib/onramp
EXPOSE 8080 1883 8883
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/onramp.ts"]
CMD ["gateway", "--data", "/var/lib/onramp", "--lan"]
