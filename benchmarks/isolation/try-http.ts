/** Makes one attempt over HTTP. */

import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { ProbeAddresses } from './addresses.ts';
import type { HttpProbe, HttpRequest } from './http-probe.ts';
import type { TokenName } from './names.ts';
import type { Outcome } from './outcome.ts';

/** Whom the attempts are made against, and with what. */
export interface HttpStage {
  readonly httpUrl: string;
  readonly addresses: ProbeAddresses;
  /** No answer within this time is none: `silent`. */
  readonly answerMs: number;
  readonly tokens: Readonly<Record<TokenName, string>>;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** More is not read: it is a leak long before. */
const bodyCharsMax = 4_000_000;

/** Makes the attempt, and its twin; says what the answer was. */
export async function tryHttp(probe: HttpProbe, stage: HttpStage): Promise<Outcome> {
  const answer = await ask(probe.request, probe.token, stage);
  if (answer === null) return 'silent';
  const shown = probe.never.find((text) => answer.body.includes(text));
  if (shown !== undefined) return `shows ${shown}`;
  if (probe.twin !== undefined) {
    const twin = await ask(probe.twin.request, probe.token, stage);
    if (twin === null) return 'silent';
    if (!alike(answer, twin, probe.twin.texts)) return 'told apart';
  }
  return `${answer.status} ${codeOf(answer)}`.trimEnd();
}

/** Headers that differ from answer to answer and say nothing. */
const unlike = new Set(['date', 'content-length']);

function alike(a: Answer, b: Answer, [mine, theirs]: readonly [string, string]): boolean {
  const shown = ({ body, headers, status }: Answer, text: string) => {
    const kept = Object.entries(headers).filter(([name]) => !unlike.has(name));
    return JSON.stringify([status, kept, body]).replaceAll(text, '…');
  };
  return shown(a, mine) === shown(b, theirs);
}

function codeOf({ body, status }: Answer): string {
  if (status < 400) return '';
  try {
    const { code } = JSON.parse(body) as { code?: unknown };
    return String(code);
  } catch {
    return 'no problem document';
  }
}

/** Null when nothing came. A stream that does not end is not read. */
function ask(request: HttpRequest, token: TokenName, stage: HttpStage): Promise<Answer | null> {
  const { body, headers = {}, method, url } = request;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve) => {
    const sent = httpRequest(
      new URL(presentedUrl(url, token, stage), stage.httpUrl).href,
      {
        method,
        agent: false,
        localAddress: stage.addresses.next(),
        timeout: stage.answerMs,
        headers: {
          ...(text !== undefined && { 'content-type': 'application/json' }),
          ...headers,
          ...presentedHeader(token, stage),
        },
      },
      (response) => {
        let read = '';
        const answered = () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: read });
          response.destroy();
        };
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          read += piece;
          if (read.length > bodyCharsMax) answered();
        });
        if (response.headers['content-type']?.startsWith('text/event-stream')) answered();
        response.on('end', answered).on('error', () => resolve(null));
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', () => resolve(null));
    sent.end(text);
  });
}

/** A token belongs in a header (RFC 6750 §2.1); elsewhere it is none. */
function presentedUrl(url: string, token: TokenName, { tokens }: HttpStage): string {
  if (token !== 'token in the query') return url;
  return `${url}${url.includes('?') ? '&' : '?'}access_token=${tokens[token]}`;
}

function presentedHeader(token: TokenName, { tokens }: HttpStage): Record<string, string> {
  if (token === 'no token' || token === 'token in the query') return {};
  if (token === 'token as a password') {
    const basic = Buffer.from(`operator:${tokens[token]}`).toString('base64');
    return { authorization: `Basic ${basic}` };
  }
  return { authorization: `Bearer ${tokens[token]}` };
}
