/** A trial's connection card for people, in both languages. */

import type { Language } from '../../model/language.ts';
import type { ConnectionCard } from '../api/connection-card.ts';
import type { BothLanguages } from '../device-events/event-phrases.ts';

/** What `POST /api/v1/trials` answers, as far as it is shown. */
export interface ShownTrial {
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
  readonly expiresAt: string;
  readonly card: ConnectionCard;
}

/** The card, its notes and snippets, and what to do next; `language` comes first. */
export function cardText(trial: ShownTrial, language: Language, cardFile: string | null): string {
  const { card, device, enterprise, expiresAt, profile } = trial;
  const both = (en: string, zh: string) => inBoth({ en, zh }, language);
  const lines = facts(trial, both).map(([label, value]) => `  ${label}: ${value}`);
  const notes = card.notes.flatMap(({ en, zh }) => (language === 'zh' ? [zh, en] : [en, zh]));
  const snippets = card.snippets.map(
    ({ text, title }) => `--- ${inBoth(title, language)} ---\n${text}`,
  );
  const keep = both(
    'The password and the token are stored nowhere: keep them now.',
    '密码与令牌不会保存,请立即记录。',
  );
  return [
    both(
      `A trial for ${enterprise}, until ${expiresAt}: device ${device}, profile ${profile}`,
      `${enterprise} 的试用,有效期至 ${expiresAt}:设备 ${device},模型 ${profile}`,
    ),
    ...lines,
    ...notes.map((note) => `  ! ${note}`),
    `  ${keep}`,
    '',
    ...snippets,
    both('What is wrong when nothing arrives:', '数据未到达时的排查:'),
    ...(cardFile === null
      ? [`  ${both('(--card FILE writes the card)', '(--card FILE 可写出接入卡)')}`]
      : []),
    `  npx onramp doctor --card ${cardFile ?? 'card.json'}`,
    both('What happens to the device:', '设备动态:'),
    `  npx onramp registry watch --enterprise ${enterprise} --device ${device}`,
    '',
  ].join('\n');
}

function facts(
  { card }: ShownTrial,
  both: (en: string, zh: string) => string,
): (readonly [label: string, value: string])[] {
  const { mqtt } = card;
  const tls =
    mqtt === null || mqtt.tlsPort === null || mqtt.tls === null
      ? []
      : ([
          [both('With TLS', 'TLS 加密'), `${mqtt.host} ${both('port', '端口')} ${mqtt.tlsPort}`],
          [both('Certificate, SHA-256', '证书 SHA-256'), mqtt.tls.fingerprint],
        ] as const);
  return [
    ...(mqtt === null
      ? []
      : ([['MQTT 3.1.1', `${mqtt.host} ${both('port', '端口')} ${mqtt.port}`]] as const)),
    ...tls,
    [both('Client id', '客户端标识'), card.clientId],
    [both('User name', '用户名'), card.username],
    [both('Password', '密码'), card.password],
    [both('Topic', '主题'), card.topic],
    [both('Sample', '示例消息'), card.sample],
    ['API', card.apiUrl ?? ''],
    [both('API token', 'API 令牌'), card.token ?? ''],
  ];
}

function inBoth({ en, zh }: BothLanguages, language: Language): string {
  if (en === zh) return en;
  return language === 'zh' ? `${zh} / ${en}` : `${en} / ${zh}`;
}
