/** The files of a data folder, while no gateway runs on them. */

import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { secretBytes } from '../../model/random.ts';
import { buildApplication } from '../api/application.ts';
import { type OfflineContext, offlineResources } from '../api/routes.ts';
import type { Lock } from '../data-folder/data-lock.ts';
import { fleetKeyIn, registryKeyIn } from '../data-folder/owner-file.ts';
import type { DataPaths } from '../data-folder/paths.ts';
import { offlineOnboarding } from '../onboarding/offline-onboarding.ts';
import { openRegistry } from '../registry/sqlite/sqlite.ts';
import { DeadLetters } from '../shipping/dead-letters.ts';
import { answeredError, type Operator, type OperatorRequest, target } from './operator.ts';

/**
 * Answers with the very routes of the API, in this process and without a socket, so that both ways
 * check, refuse and answer alike. What needs the store is refused with `command.needs-gateway`.
 */
export class FilesOperator implements Operator {
  readonly notice: string;
  readonly #app: FastifyInstance;
  readonly #context: OfflineContext;
  readonly #lock: Lock;

  private constructor(data: DataPaths, app: FastifyInstance, context: OfflineContext, lock: Lock) {
    this.notice = `No gateway runs on ${data.data}: opening its files.`;
    this.#app = app;
    this.#context = context;
    this.#lock = lock;
  }

  /** Opens registry and dead letters; `lock` on the folder is released by `close`. Throws `database.*`. */
  static async open(data: DataPaths, lock: Lock, clock: Clock): Promise<FilesOperator> {
    const registry = openRegistry({
      path: data.registry,
      clock,
      sealKey: registryKeyIn(data.registryKey),
    });
    const context: OfflineContext = {
      clock,
      registry,
      onboarding: offlineOnboarding(registry, clock),
      deadLetters: new DeadLetters(data.deadLetters),
      operatorToken: secretBytes(32).toString('base64url'),
      endpoint: () => null,
      fleetKey: () => fleetKeyIn(data.fleetKey),
      replay: () => Promise.reject(new OnrampError('command.needs-gateway')),
    };
    const app = buildApplication({
      context,
      resources: offlineResources,
      hostNames: null,
      logLevel: 'silent',
    });
    return new FilesOperator(data, app, context, lock);
  }

  async send(request: OperatorRequest): Promise<Readable> {
    const { method, headers, body } = request;
    const answer = await this.#app.inject({
      method,
      url: target(request),
      headers: {
        ...headers,
        authorization: `Bearer ${this.#context.operatorToken}`,
        ...(body && { 'content-type': body.type }),
      },
      ...(body && { payload: body.content }),
      payloadAsStream: true,
    });
    const stream = Readable.from(answer.stream());
    if (answer.statusCode >= 400) throw await answeredError(answer.statusCode, stream);
    return stream;
  }

  async close(): Promise<void> {
    await this.#app.close();
    await this.#context.registry.close();
    this.#context.deadLetters.close();
    this.#lock.release();
  }
}
