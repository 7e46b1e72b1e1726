/** The isolation suite: everybody tries to get where they do not belong, again and again. */

import { type Clock, sleep } from '../../model/clock.ts';
import type { IsolationReport } from '../../model/report.ts';
import { GatewayClient } from '../gateway-client.ts';
import { ProbeAddresses } from './addresses.ts';
import {
  bystandersStored,
  comparePictures,
  controlRows,
  lookForTraces,
  pictureOf,
} from './aftermath.ts';
import { Bystanders } from './bystanders.ts';
import { type Cast, castOf } from './cast.ts';
import type { HttpProbe } from './http-probe.ts';
import { httpProbes } from './http-probes.ts';
import type { MqttProbe } from './mqtt-probe.ts';
import { mqttProbes } from './mqtt-probes.ts';
import { other, own } from './names.ts';
import { Tally } from './outcome.ts';
import { type HttpStage, tryHttp } from './try-http.ts';
import { type MqttStage, tryMqtt } from './try-mqtt.ts';

/** The gateway that is tried. */
export interface Tried {
  readonly httpUrl: string;
  readonly operatorToken: string;
  readonly mqttPort: number;
  readonly tlsPort: number;
}

/** How long the suite waits for what may not come. */
export interface Patience {
  /** For the rows of those who may publish. */
  readonly settleMs: number;
  /** For an answer. */
  readonly answerMs: number;
}

const patienceDefault: Patience = { settleMs: 20_000, answerMs: 10_000 };
const pollMs = 200;
/** From an acknowledgement to the row; the shipper lingers for a fifth of it. */
const rowMs = 1000;

export class IsolationSuite {
  readonly tally = new Tally();
  readonly #clock: Clock;
  readonly #client: GatewayClient;
  readonly #stage: MqttStage & HttpStage;
  readonly #bystanders: Bystanders;
  readonly #httpProbes: readonly HttpProbe[];
  readonly #settleMs: number;
  /** All who may publish are active: what changes from now on is a trace. */
  #calm = false;
  #rounds = 0;

  private constructor(
    { httpUrl, mqttPort, operatorToken, tlsPort }: Tried,
    { authorities, cards, tokens }: Cast,
    document: unknown,
    clock: Clock,
    { answerMs, settleMs }: Patience,
  ) {
    this.#settleMs = settleMs;
    const addresses = new ProbeAddresses();
    this.#clock = clock;
    this.#client = new GatewayClient(httpUrl, operatorToken);
    this.#stage = { clock, addresses, httpUrl, mqttPort, tlsPort, cards, tokens, answerMs };
    this.#bystanders = new Bystanders(this.#stage, this.tally);
    const ids = { [own]: authorities.ownId, [other]: authorities.otherId };
    this.#httpProbes = httpProbes(document, ids, this.tally);
  }

  /**
   * Registers whom it needs, and has them go about their business.
   * @throws Error when the API refuses what the operator may do.
   */
  static async prepare(
    tried: Tried,
    clock: Clock,
    patience = patienceDefault,
  ): Promise<IsolationSuite> {
    const client = new GatewayClient(tried.httpUrl, tried.operatorToken);
    const cast = await castOf(client, tried.operatorToken, clock);
    const document = await client.get('/api/v1/openapi.json');
    const suite = new IsolationSuite(tried, cast, document, clock, patience);
    await suite.#bystanders.begin();
    const noRow = 'devices that may publish have no row';
    const stored = async () => ((await bystandersStored(client)) ? null : noRow);
    suite.#calm = await suite.#notMissing(stored);
    return suite;
  }

  /**
   * Makes every attempt once, and looks at what can be seen afterwards. Between two attempts of the
   * same identity it waits for `pauseMs`.
   */
  async round(pauseMs = 0): Promise<void> {
    const before = await pictureOf(this.#client);
    const attempts = [
      ...lanes(mqttProbes, ({ card }) => this.#stage.cards[card].clientId).map((lane) =>
        this.#tryMqtt(lane, pauseMs),
      ),
      ...lanes(this.#httpProbes, ({ token }) => token).map((lane) => this.#tryHttp(lane, pauseMs)),
    ];
    await Promise.all(attempts);
    await sleep(this.#clock, rowMs);
    if (this.#calm) comparePictures(before, await pictureOf(this.#client), this.tally);
    await lookForTraces(this.#client, this.tally);
    await this.#notMissing(() => controlRows(this.#client));
    this.#bystanders.look();
    this.#rounds++;
  }

  /** Ends the sessions and answers what was found. */
  async end(): Promise<IsolationReport> {
    await this.#bystanders.end();
    const { examples, leaks, probes, silent, unexpected } = this.tally;
    const kinds = mqttProbes.length + this.#httpProbes.length;
    return { kinds, rounds: this.#rounds, probes, leaks, unexpected, silent, examples };
  }

  /** Waits until nothing is `missing`; false, and noted, when something still is in the end. */
  async #notMissing(missing: () => Promise<string | null>): Promise<boolean> {
    const endMs = this.#clock.monotonicMs() + this.#settleMs;
    let what = await missing();
    while (what !== null && this.#clock.monotonicMs() <= endMs) {
      await sleep(this.#clock, pollMs);
      what = await missing();
    }
    if (what !== null) this.tally.surprised(what);
    return what === null;
  }

  async #tryMqtt(lane: readonly MqttProbe[], pauseMs: number): Promise<void> {
    for (const probe of lane) {
      const what = `${probe.card}: ${probe.what}`;
      this.tally.note(what, probe.expects, await tryMqtt(probe, this.#stage));
      if (pauseMs > 0) await sleep(this.#clock, pauseMs);
    }
  }

  async #tryHttp(lane: readonly HttpProbe[], pauseMs: number): Promise<void> {
    for (const probe of lane) {
      this.tally.note(probe.what, probe.expects, await tryHttp(probe, this.#stage));
      if (pauseMs > 0) await sleep(this.#clock, pauseMs);
    }
  }
}

/** One after the other who would take over each other's session; the rest side by side. */
function lanes<T>(probes: readonly T[], of: (probe: T) => string): T[][] {
  return [...Map.groupBy(probes, of).values()];
}
