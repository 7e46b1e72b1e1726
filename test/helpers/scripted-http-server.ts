/** A local HTTP server that plays answers a test gives it, and keeps what it was asked. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export type PlayAnswer = (
  request: ReceivedRequest,
  response: ServerResponse,
) => void | Promise<void>;

export interface ScriptedHttpServer {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  play: PlayAnswer;
}

/** Starts one for the running test. */
export async function scriptedHttpServer(play: PlayAnswer): Promise<ScriptedHttpServer> {
  const requests: ReceivedRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', url: path = '', headers } = incoming;
    const request = { method, path, headers, body: Buffer.concat(chunks) };
    requests.push(request);
    await scripted.play(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const scripted = { url: `http://127.0.0.1:${port}`, requests, play };
  return scripted;
}

/** Answers with `status` and `body` as JSON. */
export function answerJson(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? '' : JSON.stringify(body));
}
