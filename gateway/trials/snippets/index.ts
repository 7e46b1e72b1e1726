import { mosquittoPub } from './mosquitto-pub.ts';
import { mosquittoPubTls } from './mosquitto-pub-tls.ts';
import { nodeRed } from './node-red.ts';
import { nodejs } from './nodejs.ts';
import { opcUa } from './opc-ua.ts';
import { powershell } from './powershell.ts';
import { python } from './python.ts';
import type { Snippet, SnippetKind, SnippetValues } from './snippet.ts';

/** Every kind of snippet: one line each. */
const snippetKinds: readonly SnippetKind[] = [
  mosquittoPub,
  mosquittoPubTls,
  powershell,
  python,
  nodejs,
  nodeRed,
  opcUa,
];

/** The snippets of a card, filled in. */
export function snippetsOf(values: SnippetValues): Snippet[] {
  return snippetKinds.flatMap(({ id, title, language, text }) => {
    const filled = text(values);
    return filled === null ? [] : [{ id, title, language, text: filled }];
  });
}
