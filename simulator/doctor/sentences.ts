/** What the doctor says: one plain sentence each, in English and Chinese, and what to do about it. */

/** A sentence in both languages. */
export interface Sentence {
  readonly en: string;
  readonly zh: string;
}

const say = (en: string, zh: string): Sentence => ({ en, zh });

/** What the card says of something, where it says something else; empty where not. */
export interface Hint {
  readonly en: string;
  readonly zh: string;
}

/** `(the card says 1883)`, or nothing. */
export function cardHint(card: string | number | null): Hint {
  return card === null ? say('', '') : say(` (the card says ${card})`, `(连接卡上是 ${card})`);
}

export const sentences = {
  skipped: () => say('Not checked, because of what is wrong above.', '未检查:请先解决上面的问题。'),

  'name.address': (host: string) =>
    say(`${host} is an address: no name has to be looked up.`, `${host} 是地址,无需解析名称。`),
  'name.found': (host: string, addresses: string) =>
    say(`The name ${host} leads to ${addresses}.`, `名称 ${host} 解析为 ${addresses}。`),
  'name.unknown': (host: string, hint: Hint) =>
    say(
      `Nobody knows the name ${host}${hint.en}: check its spelling, or use the IP address.`,
      `找不到名称 ${host}${hint.zh}:请检查拼写,或改用 IP 地址。`,
    ),
  'name.no-answer': (host: string, reason: string) =>
    say(
      `The name ${host} could not be looked up (${reason}): check this machine's network and name server, or use the IP address.`,
      `无法解析名称 ${host}(${reason}):请检查本机网络与域名服务器,或改用 IP 地址。`,
    ),

  'port.open': (port: number) =>
    say(`Something listens on port ${port}.`, `端口 ${port} 可以连接。`),
  'port.refused': (port: number, hint: Hint) =>
    say(
      `Nothing listens on port ${port}${hint.en}: check the port, and that the platform is running.`,
      `端口 ${port} 上没有服务${hint.zh}:请检查端口,并确认平台正在运行。`,
    ),
  'port.silent': (port: number, hint: Hint) =>
    say(
      `No answer comes from port ${port}${hint.en}: check address and port, and whether a firewall is in between.`,
      `端口 ${port} 没有回应${hint.zh}:请检查地址与端口,以及中间是否有防火墙。`,
    ),
  'port.unreachable': (host: string, hint: Hint) =>
    say(
      `There is no way from this machine to ${host}${hint.en}: check the address, the cable or Wi-Fi, and the VPN.`,
      `本机到 ${host} 没有通路${hint.zh}:请检查地址、网线或 Wi-Fi 以及 VPN。`,
    ),
  'port.failed': (port: number, reason: string) =>
    say(
      `Port ${port} could not be opened (${reason}): check address and port.`,
      `无法连接端口 ${port}(${reason}):请检查地址与端口。`,
    ),

  'tls.plain': () =>
    say(
      'This connection is not encrypted: use the TLS port where others could listen.',
      '此连接未加密:如可能被他人窃听,请使用 TLS 端口。',
    ),
  'tls.pinned': () =>
    say(
      'The server shows the certificate whose fingerprint was given.',
      '服务器证书与给定的指纹一致。',
    ),
  'tls.trusted': (until: string) =>
    say(
      `The server's certificate is right: authority, name and dates (until ${until}).`,
      `服务器证书有效:签发机构、名称与日期均正确(有效期至 ${until})。`,
    ),
  'tls.server-is-plain': (port: number, hint: Hint) =>
    say(
      `Port ${port} speaks MQTT without TLS, and TLS was spoken to it: turn TLS off, or use the TLS port${hint.en}.`,
      `端口 ${port} 是不加密的 MQTT,而客户端使用了 TLS:请关闭 TLS,或改用 TLS 端口${hint.zh}。`,
    ),
  'tls.server-is-tls': (port: number, hint: Hint) =>
    say(
      `Port ${port} speaks TLS, and plain MQTT was spoken to it: turn TLS on (mqtts://), or use the port without TLS${hint.en}.`,
      `端口 ${port} 使用 TLS,而客户端使用了不加密的 MQTT:请启用 TLS(mqtts://),或改用不加密的端口${hint.zh}。`,
    ),
  'tls.failed': (port: number, reason: string) =>
    say(
      `Port ${port} answers neither TLS nor MQTT (${reason}): check the port.`,
      `端口 ${port} 既不是 TLS 也不是 MQTT(${reason}):请检查端口。`,
    ),
  'tls.wrong-fingerprint': (shown: string, expected: string) =>
    say(
      `The server shows another certificate (${shown}) than the one expected (${expected}): this is another server, or its certificate was renewed; ask for a new card and do not send the password.`,
      `服务器证书(${shown})与预期(${expected})不一致:可能是另一台服务器或证书已更新;请索取新的连接卡,不要发送密码。`,
    ),
  'tls.untrusted': (reason: string) =>
    say(
      `The server's certificate is not signed by an authority that is trusted here (${reason}): give the platform's with --tls-ca, or its fingerprint with --tls-fingerprint.`,
      `服务器证书不是由本机信任的机构签发(${reason}):请用 --tls-ca 提供平台的证书,或用 --tls-fingerprint 提供指纹。`,
    ),
  'tls.wrong-name': (host: string, names: string) =>
    say(
      `The server's certificate is for ${names}, not for ${host}: connect by one of its names, or have a certificate made for this one.`,
      `服务器证书属于 ${names},而不是 ${host}:请用其中的名称连接,或为此名称签发证书。`,
    ),
  'tls.expired': (date: string) =>
    say(
      `The server's certificate expired on ${date}: have it renewed, or set this machine's clock if that is wrong.`,
      `服务器证书已于 ${date} 过期:请更新证书;若本机时钟不准请先校准。`,
    ),
  'tls.not-yet-valid': (date: string) =>
    say(
      `The server's certificate is valid only from ${date}: set this machine's clock.`,
      `服务器证书自 ${date} 起才有效:请校准本机时钟。`,
    ),

  'connect.accepted': (username: string) =>
    say(
      `The platform accepts ${username} with MQTT 3.1.1.`,
      `平台接受 ${username} 以 MQTT 3.1.1 登录。`,
    ),
  'connect.no-credentials': () =>
    say(
      'Not checked: no client id, user name and password were given (--card, or --client-id, --username and --password-file).',
      '未检查:未提供客户端标识、用户名与密码(--card,或 --client-id、--username、--password-file)。',
    ),
  'connect.version': () =>
    say(
      'The platform does not speak the MQTT version that was used, 3.1.1 (code 1): ask which one it speaks; in most clients 3.1.1 is protocol version 4, 3.1 is 3.',
      '平台不支持所用的 MQTT 3.1.1(返回码 1):请确认平台的版本;多数客户端中 3.1.1 对应协议版本 4,3.1 对应 3。',
    ),
  'connect.wrong-client-id': (clientId: string, expected: string) =>
    say(
      `The client id is "${clientId}" and must be "${expected}": set it.`,
      `客户端标识是 "${clientId}",应为 "${expected}":请更正。`,
    ),
  'connect.client-id-refused': (clientId: string) =>
    say(
      `The platform refuses the client id "${clientId}" (code 2): use the one on the card.`,
      `平台拒绝客户端标识 "${clientId}"(返回码 2):请使用连接卡上的标识。`,
    ),
  'connect.busy': () =>
    say(
      'The platform takes no new sessions at the moment (code 3): try again in a minute.',
      '平台暂时不接受新会话(返回码 3):请一分钟后重试。',
    ),
  'connect.wrong-username': (username: string, expected: string) =>
    say(
      `The platform refuses the user name "${username}": the card says "${expected}".`,
      `平台拒绝用户名 "${username}":连接卡上是 "${expected}"。`,
    ),
  'connect.wrong-password': (username: string) =>
    say(
      `The platform refuses the password of ${username}, which is not the one on the card: use that one.`,
      `平台拒绝 ${username} 的密码,该密码与连接卡不同:请使用连接卡上的密码。`,
    ),
  'connect.refused': (username: string, code: number) =>
    say(
      `The platform refuses user name or password of ${username} (code ${code}): use those of the card as they are, or have a new secret made.`,
      `平台拒绝 ${username} 的用户名或密码(返回码 ${code}):请原样使用连接卡上的内容,或重置密钥。`,
    ),
  'connect.unknown-code': (code: number) =>
    say(
      `The platform refuses the connection with a code that MQTT 3.1.1 does not know (${code}): set the client to MQTT 3.1.1, and ask who runs the platform.`,
      `平台以 MQTT 3.1.1 未定义的返回码(${code})拒绝连接:请使用 MQTT 3.1.1,并联系平台运营方。`,
    ),
  'connect.reason': (text: Sentence) =>
    say(`The platform's reason: ${text.en}`, `平台给出的原因:${text.zh}`),
  'connect.closed': () =>
    say(
      'The server closes the connection instead of answering: check that this port is for MQTT, and whether too many log-ins failed from here.',
      '服务器未回应便关闭了连接:请确认该端口用于 MQTT,以及是否因登录失败过多被限制。',
    ),
  'connect.silent': (port: number) =>
    say(
      `Port ${port} takes the connection and says nothing: check that it is the port of the MQTT platform.`,
      `端口 ${port} 接受了连接但没有任何回应:请确认它是 MQTT 平台的端口。`,
    ),
  'connect.not-mqtt': (port: number, what: string, hint: Hint) =>
    say(
      `Port ${port} speaks ${what}, not MQTT${hint.en}: use the MQTT port.`,
      `端口 ${port} 使用的是 ${what},不是 MQTT${hint.zh}:请使用 MQTT 端口。`,
    ),

  'permission.allowed': (topic: string) =>
    say(`The device may publish to ${topic}.`, `设备可以发布到 ${topic}。`),
  'permission.no-topic': () =>
    say(
      'Not checked: no topic was given (--card, or --topic).',
      '未检查:未提供主题(--card 或 --topic)。',
    ),
  'permission.nothing-to-send': () =>
    say(
      'Not checked: there is no valid payload to try it with.',
      '未检查:没有可用于尝试的有效消息内容。',
    ),
  'permission.placeholder': (topic: string) =>
    say(
      `The topic ${topic} still has a placeholder: put the id of a device of this gateway in its place.`,
      `主题 ${topic} 中仍有占位符:请替换为此网关下的设备标识。`,
    ),
  'permission.wrong-topic': (topic: string, expected: string) =>
    say(
      `The topic ${topic} is not allowed for this device: publish to ${expected}.`,
      `该设备无权使用主题 ${topic}:请发布到 ${expected}。`,
    ),
  'permission.closed': (topic: string) =>
    say(
      `The platform closed the session when something was published to ${topic}: check the topic against the card, and that the device is not suspended.`,
      `发布到 ${topic} 时平台关闭了会话:请对照连接卡检查主题,并确认设备未被暂停。`,
    ),
  'permission.not-known': (topic: string) =>
    say(
      `Whether the device may publish to ${topic} is not known: no answer came.`,
      `设备能否发布到 ${topic} 尚不清楚:没有收到回应。`,
    ),

  'payload.none': () =>
    say(
      'Not checked: no payload was given (--card, or --payload).',
      '未检查:未提供消息内容(--card 或 --payload)。',
    ),
  'payload.acknowledged': () =>
    say(
      'The payload is well formed, and the platform acknowledged it.',
      '消息格式正确,平台已确认收到。',
    ),
  'payload.well-formed': () =>
    say('The payload is well formed; it was not sent.', '消息格式正确;未发送。'),
  'payload.not-json': (line: number, column: number, near: string) =>
    say(
      `The payload is not JSON: line ${line}, column ${column}, near ${near}; correct it there.`,
      `消息内容不是 JSON:第 ${line} 行第 ${column} 列,${near} 附近有误,请更正。`,
    ),
  'payload.not-utf8': () =>
    say(
      'The payload is not UTF-8 text: have the machine send UTF-8 (not GBK or binary).',
      '消息内容不是 UTF-8 文本:请以 UTF-8 发送(不要使用 GBK 或二进制)。',
    ),
  'payload.wrong-shape': (what: string) =>
    say(
      `The payload is JSON but no reading (${what}): send {"values": {"signal": 1.5}}, with "seq" and "ts" if you like.`,
      `消息是 JSON 但不是读数(${what}):请发送 {"values": {"信号": 1.5}},可加 "seq" 与 "ts"。`,
    ),
  'payload.refused': (text: Sentence) => text,
  'payload.ts-in-seconds': (ts: number) =>
    say(
      `"ts" ${ts} looks like seconds: send milliseconds since 1970.`,
      `"ts" ${ts} 像是以秒为单位:请发送自 1970 年起的毫秒数。`,
    ),
  'payload.ts-too-old': (age: Sentence) =>
    say(
      `"ts" is ${age.en} old: set the machine's clock, or leave "ts" out.`,
      `"ts" 落后 ${age.zh}:请校准设备时钟,或省略 "ts"。`,
    ),
  'payload.ts-ahead': (lead: Sentence) =>
    say(
      `"ts" is ${lead.en} in the future: set the machine's clock, or leave "ts" out.`,
      `"ts" 超前 ${lead.zh}:请校准设备时钟,或省略 "ts"。`,
    ),
  'payload.silent': () =>
    say(
      'The platform did not acknowledge the payload in time: its store or its disk may be full; ask who runs it.',
      '平台未及时确认消息:其存储或磁盘可能已满,请联系平台运营方。',
    ),

  'row.no-api': () =>
    say(
      'Not checked: no API address and token (--card with them, or --api and --api-token-file).',
      '未检查:没有 API 地址与令牌(含有它们的 --card,或 --api 与 --api-token-file)。',
    ),
  'row.not-sent': () => say('Not checked: no reading was accepted.', '未检查:没有读数被接受。'),
  'row.no-device': () =>
    say(
      'Not checked: neither topic nor user name says which device it is.',
      '未检查:主题与用户名都未说明是哪台设备。',
    ),
  'row.api-unreachable': (url: string, reason: string) =>
    say(
      `Not checked: the API at ${url} does not answer (${reason}).`,
      `未检查:${url} 的 API 没有回应(${reason})。`,
    ),
  'row.api-refused': (problem: string) =>
    say(
      `Not checked: the API refuses the token (${problem}); use the one on the card, or ask for a new one.`,
      `未检查:API 拒绝了令牌(${problem});请使用连接卡上的令牌,或索取新的。`,
    ),
  'row.api-failed': (problem: string) =>
    say(`Not checked: the API could not answer (${problem}).`, `未检查:API 无法回答(${problem})。`),
  'row.device-unknown': (key: string) =>
    say(
      `The platform has no device ${key} that this token may see: check topic and user name.`,
      `平台上没有此令牌可见的设备 ${key}:请检查主题与用户名。`,
    ),
  'row.clock-behind': (by: Sentence) =>
    say(
      `This machine's clock is ${by.en} behind the platform's: set it.`,
      `本机时钟比平台慢 ${by.zh}:请校准。`,
    ),
  'row.clock-ahead': (by: Sentence) =>
    say(
      `This machine's clock is ${by.en} ahead of the platform's: set it.`,
      `本机时钟比平台快 ${by.zh}:请校准。`,
    ),
  'row.refused': (text: Sentence) => text,
  'row.stored': () => say('The reading is a row in the store.', '读数已作为一行写入存储。'),
  'row.not-yet': (seconds: number) =>
    say(
      `The reading was acknowledged, but there is no row after ${seconds} s: the store may be away; the row follows when it is back.`,
      `读数已确认,但 ${seconds} 秒后仍没有数据行:存储可能不可用,恢复后会写入。`,
    ),
} as const satisfies Record<string, (...facts: never[]) => Sentence>;

export type SentenceId = keyof typeof sentences;
