/** A real Chromium, headless, driven over the DevTools protocol: no driver library is needed. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Viewport {
  readonly width: number;
  readonly height: number;
  /** Device pixels of a CSS pixel. */
  readonly scale?: number;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** One page of one browser with a profile of its own, which `close` removes. */
export class Browser {
  /** Errors and warnings of the console, uncaught exceptions, and requests that failed. */
  readonly problems: string[] = [];
  /** Addresses the page has asked for. */
  readonly requests: string[] = [];
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  #lastId = 0;

  private constructor(process: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data))));
  }

  static async start(program: string, viewport: Viewport): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'onramp-browser-'));
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    const child = spawn(
      program,
      [...flags, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let port: string | undefined;
    for await (const line of createInterface({ input: child.stderr! })) {
      port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1];
      if (port !== undefined) break;
    }
    child.stderr!.resume();
    if (port === undefined) throw new Error(`${program} ended before it could be driven`);
    const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const page = (targets as { type: string; webSocketDebuggerUrl: string }[]).find(
      (target) => target.type === 'page',
    );
    const socket = new WebSocket(page!.webSocketDebuggerUrl);
    await once(socket, 'open');
    const browser = new Browser(child, profile, socket);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network'])
      await browser.#call(`${domain}.enable`);
    await browser.resize(viewport);
    return browser;
  }

  async resize({ width, height, scale = 1 }: Viewport): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: scale, mobile: width < 600 };
    await this.#call('Emulation.setDeviceMetricsOverride', metrics);
  }

  async open(url: string): Promise<void> {
    await this.#call('Page.navigate', { url });
  }

  /** The value of a JavaScript expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.#call('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as { result: { value: T }; exceptionDetails?: { text: string } };
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  }

  /** Resolves with the first value of `expression` that is true in JavaScript's sense. */
  async until<T>(expression: string): Promise<T> {
    for (;;) {
      const value = await this.evaluate<T>(expression);
      if (value) return value;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** A PNG of what is in view. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data as string, 'base64');
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#socket.close();
    this.#process.kill();
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return answer.promise;
  }

  #take({ id, method, params, result, error }: Answer): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(error.message));
      else waiting?.resolve(result ?? {});
    } else this.#note(method ?? '', params ?? {});
  }

  #note(method: string, params: Record<string, unknown>): void {
    const text = JSON.stringify(params);
    if (method === 'Network.requestWillBeSent') {
      this.requests.push((params.request as { url: string }).url);
    } else if (method === 'Runtime.exceptionThrown') this.problems.push(text);
    else if (method === 'Log.entryAdded') this.problems.push(text);
    else if (
      method === 'Runtime.consoleAPICalled' &&
      /^(error|warning|assert)$/.test(String(params.type))
    )
      this.problems.push(text);
  }
}
