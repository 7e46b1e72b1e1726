/** Every text of the page, in both languages. */

import type { Name } from '../../model/profile.ts';

export type Language = 'zh' | 'en';
/** `both`: Chinese, with English beneath titles and labels. */
export type LanguageMode = Language | 'both';

export const dictionary = {
  'page.title': { zh: '设备上云', en: 'Devices on the cloud' },
  'page.language': { zh: '语言', en: 'Language' },
  'page.timeZone': { zh: '北京时间', en: 'China Standard Time' },
  'simulated.badge': { zh: '模拟数据 SIMULATED', en: 'SIMULATED 模拟数据' },
  'simulated.hint': {
    zh: '所有设备均由模拟器扮演,数据不来自任何企业。',
    en: 'All devices are played by the simulator; no data comes from any enterprise.',
  },
  unknown: { zh: '未知', en: 'unknown' },
  'unknown.waiting': { zh: '等待第一份数据', en: 'Waiting for the first snapshot' },

  'connection.connecting': { zh: '正在连接', en: 'Connecting' },
  'connection.live': { zh: '实时', en: 'Live' },
  'connection.lost': { zh: '连接中断,正在重连', en: 'Connection lost, reconnecting' },
  'connection.refused': { zh: '令牌无效', en: 'Token refused' },
  'connection.silent': { zh: '网关没有应答', en: 'The gateway does not answer' },
  'connection.ended': { zh: '网关结束了连接', en: 'The gateway ended the connection' },
  'connection.age': { zh: '{age} 秒前', en: '{age} s ago' },
  'stale.title': { zh: '数据已停止更新', en: 'These numbers are stale' },
  'stale.text': {
    zh: '以下为 {time} 的数据,恢复后自动更新。',
    en: 'They are from {time}; the page returns by itself.',
  },

  'token.title': { zh: '请输入令牌', en: 'A token, please' },
  'token.text': {
    zh: '运营令牌或查看令牌均可。网关启动时给出的网址里带有运营令牌;它也在数据目录的 operator.token 文件中。',
    en: "The operator's, or one for viewers. The address that the gateway printed at its start carries the operator's; it is also in the file operator.token of the data folder.",
  },
  'token.label': { zh: '令牌', en: 'Token' },
  'token.refused': {
    zh: '网关不接受此令牌:令牌有误、已过期或已撤销。',
    en: 'The gateway does not accept this token: it is wrong, has expired or was withdrawn.',
  },
  'token.open': { zh: '打开', en: 'Open' },

  'enterprises.title': { zh: '企业接入', en: 'Enterprises on board' },
  'enterprises.rule': {
    zh: '至少一台设备符合即计入',
    en: 'An enterprise counts with at least one such device',
  },
  'devices.title': { zh: '生产设备接入', en: 'Production devices on board' },
  'devices.other': { zh: '非生产设备(如传感器)', en: 'Not production, such as sensors' },
  'devices.otherCounts': {
    zh: '{connected} 已连接 / {registered} 已登记',
    en: '{connected} connected of {registered}',
  },

  'stage.registered': { zh: '已登记', en: 'Registered' },
  'stage.activated': { zh: '已激活', en: 'Activated' },
  'stage.connected': { zh: '24 小时内已连接', en: 'Connected within 24 h' },
  'stage.online': { zh: '在线', en: 'Online' },
  'stage.reading': { zh: '正在读取设备名录', en: 'The directory is being read' },
  'stage.share': { zh: '占已登记的 {share}', en: '{share} of those registered' },

  'meaning.registered': {
    zh: '已登记:身份已签发且未被撤销。',
    en: 'Registered: it has an identity that is not withdrawn.',
  },
  'meaning.activated': {
    zh: '已激活:已登记,且曾有数据入库。',
    en: 'Activated: registered, and a row of it has been stored.',
  },
  'meaning.connected': {
    zh: '已连接:已激活,且最近 24 小时内有数据入库。',
    en: 'Connected: activated, and a row of it was stored in the last 24 hours.',
  },
  'meaning.online': {
    zh: '在线:已连接,且设备或其网关当前有会话。',
    en: 'Online: connected, and a session of it or of its gateway is up now.',
  },
  'meaning.title': { zh: '计数的含义', en: 'What the counts mean' },

  'rate.title': { zh: '入库速率', en: 'Storage rate' },
  'rate.perSecond': { zh: '条/秒', en: 'readings/s' },
  'rate.received': { zh: '接收', en: 'received' },
  'rate.total': { zh: '累计入库', en: 'stored in all' },

  'latency.title': { zh: '时延 p99', en: 'Latency p99' },
  'latency.definition': {
    zh: '读数时间戳 → 存储确认,最近一分钟',
    en: "Reading's timestamp → store's success answer, last minute",
  },
  'latency.max': { zh: '最大', en: 'max' },
  'latency.none': { zh: '最近一分钟没有入库', en: 'nothing stored in the last minute' },

  'map.title': { zh: '生产设备在哪里?', en: 'Where are the production devices?' },
  'map.note': { zh: '示意图,非地图', en: 'Schematic, not a map' },
  'map.fill': { zh: '颜色:占全部已连接设备的比例', en: 'Fill: share of all that are connected' },
  'map.connected': { zh: '台已连接', en: 'connected' },
  'map.online': { zh: '在线 {count}', en: '{count} online' },
  'map.enterprises': { zh: '{count} 家企业已连接', en: '{count} enterprises connected' },
  'map.elsewhere': { zh: '其他区域', en: 'Elsewhere' },

  'ledger.title': { zh: '每条读数去了哪里?', en: 'Where did every reading go?' },
  'ledger.received': { zh: '接收', en: 'Received' },
  'ledger.stored': { zh: '已入库', en: 'Stored' },
  'ledger.deadLettered': { zh: '死信(整条拒绝)', en: 'Dead-lettered whole' },
  'ledger.waiting': { zh: '等待入库', en: 'Waiting for the store' },
  'ledger.withheld': { zh: '未确认(会话关闭)', en: 'Unacknowledged' },
  'ledger.dropped': { zh: 'QoS 0 过载丢弃', en: 'QoS 0, dropped' },
  'ledger.sum': { zh: '合计', en: 'Together' },
  'ledger.addsUp': { zh: '与接收数相等', en: 'equals received' },
  'ledger.off': { zh: '与接收数相差 {count}', en: '{count} off received' },
  'ledger.fields': { zh: '另有被拒绝的字段', en: 'Beside: refused fields' },
  'ledger.since': { zh: '自数据目录建立以来', en: 'since the data folder was made' },

  'gateway.title': { zh: '网关还撑得住吗?', en: 'Does the gateway keep up?' },
  'gateway.ready': { zh: '就绪', en: 'Ready for devices' },
  'gateway.notReady': { zh: '未就绪', en: 'Not ready' },
  'gateway.store': { zh: '存储', en: 'Store' },
  'gateway.storeAnswers': { zh: '正常应答', en: 'answers' },
  'gateway.storeSilent': { zh: '{time} 起不可用', en: 'unavailable since {time}' },
  'gateway.writes': { zh: '写入次数', en: 'Writes' },
  'gateway.retries': { zh: '重试', en: 'retried' },
  'gateway.linesPerWrite': { zh: '每次行数', en: 'Lines per write' },
  'gateway.writeMs': { zh: '写入用时 p50 / p99', en: 'Write time p50 / p99' },
  'gateway.journal': { zh: '日志中待送数据', en: 'Journal, not yet shipped' },
  'gateway.journalOf': { zh: '上限', en: 'of' },
  'gateway.full': { zh: '距写满', en: 'Full in' },
  'gateway.notGrowing': { zh: '未增长', en: 'not growing' },
  'gateway.disk': { zh: '磁盘剩余', en: 'Disk free' },
  'gateway.sessions': { zh: '会话', en: 'sessions' },
  'gateway.workers': { zh: '工作进程', en: 'Workers' },
  'gateway.restarts': { zh: '次重启', en: 'restarts' },
  'gateway.memory': { zh: '内存', en: 'Memory' },
  'gateway.uptime': { zh: '已运行', en: 'Running for' },

  'charts.title': { zh: '现在有多快?', en: 'How fast is it now?' },
  'charts.rate': { zh: '读数(条/秒)', en: 'Readings per second' },
  'charts.latency': { zh: '时间戳 → 入库(对数轴)', en: 'Timestamp → row (log axis)' },
  'charts.received': { zh: '接收', en: 'received' },
  'charts.stored': { zh: '入库', en: 'stored' },
  'charts.minutes': { zh: '分', en: 'min' },
  'charts.now': { zh: '现在', en: 'now' },

  'refusals.title': { zh: '拒绝了什么,为什么?', en: 'What was refused, and why?' },
  'refusals.since': { zh: '自网关启动以来', en: 'since the gateway started' },
  'refusals.none': { zh: '没有拒绝任何内容', en: 'Nothing was refused' },
  'refusals.more': { zh: '另有 {count} 种', en: 'and {count} more codes' },

  'deadLetters.title': { zh: '最近的死信', en: 'Latest dead letters' },
  'deadLetters.none': { zh: '没有死信', en: 'No dead letters' },
} as const satisfies Record<string, Name>;

export type TextKey = keyof typeof dictionary;

/** Looks texts up in the language of the page. */
export interface Texts {
  readonly mode: LanguageMode;
  /** The main one of the mode. */
  readonly language: Language;
  /** `{name}` in the text is replaced by the value of `name`. */
  text(key: TextKey, values?: Readonly<Record<string, string>>): string;
  /** The text in the other language where both are shown; else null. */
  beneath(key: TextKey): string | null;
}

export function textsOf(mode: LanguageMode): Texts {
  const language = mode === 'en' ? 'en' : 'zh';
  return {
    mode,
    language,
    text: (key, values = {}) =>
      dictionary[key][language].replace(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all),
    beneath: (key) => (mode === 'both' ? dictionary[key].en : null),
  };
}

const modes: readonly LanguageMode[] = ['zh', 'en', 'both'];

/** The first of `wishes` that is a mode; else by the browser's language. */
export function chooseMode(
  wishes: readonly (string | null)[],
  browserLanguage: string,
): LanguageMode {
  const wish = wishes.find((text) => modes.includes(text as LanguageMode));
  return (wish as LanguageMode | undefined) ?? (browserLanguage.startsWith('zh') ? 'zh' : 'en');
}
