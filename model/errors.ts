/**
 * Every error of Onramp: a stable code, whether trying again helps, and what to do about it.
 * Codes are never reused for another meaning.
 */

/** One row of the table. `retry`: the same input may succeed later, without anybody changing it. */
interface ErrorEntry {
  readonly retry: boolean;
  /** What happened and what to do, for people. */
  readonly en: string;
  readonly zh: string;
}

const entry = (retry: boolean, en: string, zh: string): ErrorEntry => ({ retry, en, zh });

export const errorTable = {
  // Connecting
  'connect.bad-credentials': entry(
    false,
    'User name or password is wrong. Use the credential printed when the device was registered.',
    '用户名或密码错误。请使用设备注册时给出的凭据。',
  ),
  'connect.client-id-mismatch': entry(
    false,
    'The client id must be {enterprise}.{device} of the credential in use.',
    '客户端标识必须是所用凭据对应的 {企业}.{设备}。',
  ),
  'connect.busy': entry(
    true,
    'The gateway accepts no new sessions at the moment (its journal or its session limit is full). Try again later.',
    '网关暂时不接受新会话(日志或会话数已满),请稍后重试。',
  ),
  'connect.protocol-version': entry(
    false,
    'Onramp speaks MQTT 3.1.1. Set the client to protocol version 4 (MQTT 3.1.1).',
    '网关使用 MQTT 3.1.1,请把客户端协议版本设为 4(MQTT 3.1.1)。',
  ),
  'connect.protocol-error': entry(
    false,
    'The connection sent something that is not valid MQTT and was closed.',
    '连接发送了无效的 MQTT 数据,已被关闭。',
  ),
  // Publishing and subscribing
  'topic.not-allowed': entry(
    false,
    'This credential may not use this topic. Publish to onramp/v1/{enterprise}/{device}/telemetry or /event of your own device.',
    '该凭据无权使用此主题。请发布到自己设备的 onramp/v1/{企业}/{设备}/telemetry 或 /event。',
  ),
  'topic.retained': entry(
    false,
    'Telemetry must not be retained. Clear the retain flag.',
    '遥测消息不得保留,请清除 retain 标志。',
  ),
  'packet.too-large': entry(
    false,
    'The MQTT packet is larger than this gateway accepts. Send fewer readings at a time.',
    'MQTT 报文超过网关上限,请减少每次发送的读数。',
  ),
  'publish.in-flight-exceeded': entry(
    true,
    'Too many publishes wait for their acknowledgement. Wait for PUBACKs before sending more.',
    '等待确认的消息过多,请收到 PUBACK 后再发送。',
  ),
  'publish.ack-wait-exceeded': entry(
    true,
    'The reading could not be made durable in time. The session was closed without acknowledging it: send it again.',
    '读数未能及时落盘,会话已关闭且未确认,请重新发送。',
  ),
  'publish.dropped': entry(
    true,
    'A QoS 0 message was dropped under overload. Use QoS 1 for readings that must arrive.',
    '过载时丢弃了一条 QoS 0 消息。必须送达的读数请使用 QoS 1。',
  ),
  // Payloads
  'payload.too-large': entry(
    false,
    'The payload is larger than this gateway accepts. Send fewer readings at a time.',
    '消息内容超过网关上限,请减少每次发送的读数。',
  ),
  'payload.not-json': entry(false, 'The payload is not valid JSON.', '消息内容不是有效的 JSON。'),
  'payload.not-a-reading': entry(
    false,
    'The payload must be {"seq": 1, "ts": 1543543200000, "values": {"signal": 1.5}} or an array of these.',
    '消息内容必须是 {"seq": 1, "ts": 1543543200000, "values": {"信号": 1.5}} 或其数组。',
  ),
  'payload.too-many-readings': entry(
    false,
    'The array holds more readings than one message may carry.',
    '数组中的读数超过单条消息上限。',
  ),
  'payload.not-an-event': entry(
    false,
    'An event must be {"code": "OVER_TEMP", "severity": 2, "state": "raised", "ts": 1543543200000}; state is raised or cleared, severity 1 to 4.',
    '事件必须是 {"code": "OVER_TEMP", "severity": 2, "state": "raised", "ts": 1543543200000};state 为 raised 或 cleared,severity 为 1 到 4。',
  ),
  // Readings
  'reading.timestamp-invalid': entry(
    false,
    '"ts" must be a whole number of milliseconds since 1970. Leave it out to have the gateway stamp the reading.',
    '"ts" 必须是自 1970 年以来的整数毫秒;可省略,由网关加盖时间。',
  ),
  'reading.timestamp-too-old': entry(
    false,
    '"ts" is older than this gateway accepts. Check that it is in milliseconds and the device\'s clock is set.',
    '"ts" 早于网关允许的范围。请检查单位是否为毫秒、设备时钟是否正确。',
  ),
  'reading.timestamp-ahead': entry(
    false,
    '"ts" is in the future. Check that it is in milliseconds and the device\'s clock is set.',
    '"ts" 超前于当前时间。请检查单位是否为毫秒、设备时钟是否正确。',
  ),
  'reading.seq-invalid': entry(
    false,
    '"seq" must be a whole number from 0 to 9007199254740991.',
    '"seq" 必须是 0 到 9007199254740991 的整数。',
  ),
  'reading.empty': entry(false, 'The reading has no values.', '读数中没有任何数值。'),
  'reading.all-refused': entry(
    false,
    'Every value of the reading was refused; the reasons are listed with it.',
    '读数中的所有数值均被拒绝,原因已逐条列出。',
  ),
  'reading.unknown-profile': entry(
    false,
    'The device\'s profile is not known to this gateway. Add it, or register the device with the profile "generic".',
    '网关没有该设备的模型。请添加模型,或以 "generic" 注册设备。',
  ),
  'reading.unknown-device': entry(
    false,
    'No such device is registered for this enterprise.',
    '该企业没有注册此设备。',
  ),
  'reading.strict': entry(
    false,
    'Strict mode refuses a reading with any bad value; the bad values are listed with it.',
    '严格模式下,含有错误数值的读数整条拒绝,错误数值已列出。',
  ),
  // Signals
  'signal.unknown': entry(
    false,
    'The profile has no signal of this name.',
    '设备模型中没有此信号。',
  ),
  'signal.wrong-type': entry(
    false,
    "The value does not have the signal's type.",
    '数值类型与信号定义不符。',
  ),
  'signal.out-of-range': entry(
    false,
    "The value is outside the signal's range.",
    '数值超出信号量程。',
  ),
  'signal.not-finite': entry(
    false,
    'The value is NaN, infinite or null. Leave the signal out when the machine has no value for it.',
    '数值为 NaN、无穷或空。没有数值时请省略该信号。',
  ),
  'signal.not-in-enumeration': entry(
    false,
    "The value is not one of the signal's enumerated values.",
    '数值不在信号的枚举范围内。',
  ),
  'signal.too-long': entry(
    false,
    'The text is longer than a signal may be.',
    '文本超过信号允许的长度。',
  ),
  'signal.name-invalid': entry(
    false,
    'A signal\'s name starts with a letter and holds letters, digits, "_", "." and "-"; seq, quality, time and tag names are reserved.',
    '信号名以字母开头,只能包含字母、数字、"_"、"."、"-";seq、quality、time 及标签名为保留字。',
  ),
  'signal.too-many': entry(
    false,
    'The reading carries more signals than one message may.',
    '读数包含的信号数超过上限。',
  ),
  // Journal
  'journal.full': entry(
    true,
    'The journal has reached its limit or the disk is full. Devices wait, unacknowledged, until the store has caught up or space is freed.',
    '日志已达上限或磁盘已满。在存储追上或释放空间之前,设备等待且不被确认。',
  ),
  'journal.failed': entry(
    false,
    'The journal could not be written safely; the worker stops and starts again with a new one.',
    '日志无法安全写入;工作进程将重启并使用新日志。',
  ),
  'journal.commit-too-large': entry(
    false,
    'A commit is larger than one journal record may be. Commit fewer readings at a time.',
    '一次提交超过单条日志记录的上限,请减少每次提交的读数。',
  ),
  'journal.unsupported': entry(
    false,
    'The journal was written by another version of Onramp. Start that version once, so that it ships what is left.',
    '日志由其他版本的 Onramp 写入。请先启动该版本,将剩余数据送出。',
  ),
  // Store
  'store.refused-line': entry(
    false,
    'The store refused this reading; its reason is given.',
    '存储拒绝了该读数,原因见说明。',
  ),
  'store.refused-group': entry(
    false,
    'The store refused a group of readings of this profile and finding the bad ones would have cost too much; replay them after the cause is mended.',
    '存储拒绝了该模型的一组读数,逐条定位代价过高;请在排除原因后重放。',
  ),
  'store.unavailable': entry(
    true,
    'The store cannot be reached or is overloaded. Readings wait in the journal.',
    '存储不可用或过载,读数在日志中等待。',
  ),
  'store.unauthorized': entry(
    true,
    'The store refuses our credentials. Mend the user, password or token in the configuration. Readings wait in the journal.',
    '存储拒绝了我们的凭据,请修正配置。读数在日志中等待。',
  ),
  'store.unsupported': entry(
    false,
    'The server at this address is not a store that Onramp knows.',
    '该地址上的服务不是 Onramp 支持的存储。',
  ),
  // Registry
  'registry.id-invalid': entry(
    false,
    'Ids match [a-z0-9_-]+, at most 64 characters; "claim" and "provision" are reserved.',
    '标识只能包含 a-z、0-9、"_"、"-",最长 64 个字符;"claim" 与 "provision" 为保留字。',
  ),
  'registry.exists': entry(
    false,
    'This device is already registered. Choose another id, or ask for a new secret.',
    '该设备已注册。请使用其他标识或重置密钥。',
  ),
  'registry.not-found': entry(false, 'There is no such device.', '没有此设备。'),
  'registry.unknown-profile': entry(
    false,
    'There is no such profile. List them with "onramp registry profiles", add one with "onramp registry profile-add", or use "generic".',
    '没有此设备模型。可用 "onramp registry profiles" 查看、用 "onramp registry profile-add" 添加,或使用 "generic"。',
  ),
  'registry.secret-too-short': entry(
    false,
    'A secret must have at least 20 characters, since it is stored as a plain hash. Leave it out to have one generated.',
    '密钥至少 20 个字符;可省略,由系统生成。',
  ),
  'registry.device-invalid': entry(
    false,
    'The entry is not valid; what is wrong with it is given.',
    '登记内容无效,原因见说明。',
  ),
  'registry.row-invalid': entry(
    false,
    'A row of the import is not valid; the reason is given with its number.',
    '导入数据中有无效行,原因与行号已给出。',
  ),
  'registry.unknown-gateway': entry(
    false,
    'The enterprise has no gateway of this name. Register it first (kind "gateway"), or leave it out.',
    '该企业没有此网关。请先登记网关(kind 为 "gateway"),或省略该项。',
  ),
  'registry.import-invalid': entry(
    false,
    'The file cannot be imported; nothing was changed. Mend what is named and import it again.',
    '文件无法导入,未做任何更改。请修正所述问题后重新导入。',
  ),
  'registry.import-running': entry(
    true,
    'Another import is running. Try again when it has finished.',
    '另一项导入正在进行,请稍后重试。',
  ),
  'profile.invalid': entry(
    false,
    'The profile is not valid; every mistake is listed.',
    '设备模型无效,错误已逐条列出。',
  ),
  'profile.type-changed': entry(
    false,
    "A signal's type never changes, because the store keeps it for good. Give the profile a new id.",
    '信号类型不可更改(存储中的类型固定)。请为模型使用新标识。',
  ),
  'profile.built-in': entry(
    false,
    'This profile is built in and cannot be replaced.',
    '内置模型不可替换。',
  ),
  // Databases in the data folder
  'database.unavailable': entry(
    true,
    'A database file in the data folder cannot be read or written at the moment (the disk is full, or another process holds it). It works again when the cause is gone.',
    '数据目录中的数据库文件暂时无法读写(磁盘已满或被占用),原因消除后自动恢复。',
  ),
  'database.damaged': entry(
    false,
    'A database file in the data folder is damaged or not a database. Restore it from a backup.',
    '数据目录中的数据库文件已损坏或不是数据库,请从备份恢复。',
  ),
  'database.newer': entry(
    false,
    'A database file in the data folder was written by a newer Onramp. Start that version, or choose another folder with --data.',
    '数据目录中的数据库由更新版本的 Onramp 写入。请使用该版本,或用 --data 指定其他目录。',
  ),
  // Configuration and commands
  'config.invalid': entry(
    false,
    'The configuration is not valid; every mistake is listed.',
    '配置无效,错误已逐条列出。',
  ),
  'config.data-folder-busy': entry(
    false,
    'Another gateway uses this data folder. Stop it, or choose another with --data.',
    '数据目录正被另一个网关使用。请先停止它,或用 --data 指定其他目录。',
  ),
  'config.port-busy': entry(
    false,
    'A port is in use. Choose another with --http-port or --mqtt-port (0 picks a free one).',
    '端口被占用。请用 --http-port 或 --mqtt-port 指定其他端口(0 表示自动选择)。',
  ),
  // HTTP
  'api.unauthorized': entry(
    false,
    'Send the token as "Authorization: Bearer TOKEN". The operator\'s is in operator.token in the data folder.',
    '请以 "Authorization: Bearer 令牌" 发送令牌。运营令牌在数据目录的 operator.token 中。',
  ),
  'api.not-found': entry(false, 'There is nothing at this address.', '此地址没有内容。'),
  'api.bad-request': entry(
    false,
    'The request is not valid; the reason is given.',
    '请求无效,原因见说明。',
  ),
  'api.wrong-host': entry(
    false,
    'This gateway does not go by the name in the Host header. Use http://127.0.0.1, or tell it its name with --public-url.',
    'Host 头中的名称不属于本网关。请使用 http://127.0.0.1,或用 --public-url 指定其名称。',
  ),
  'api.body-too-large': entry(
    false,
    'The request body is larger than this gateway accepts. Send it in parts.',
    '请求内容超过网关上限,请分批发送。',
  ),
  'api.too-many-viewers': entry(
    true,
    'As many live views are open as this gateway serves. Close one, or try again later.',
    '实时视图数量已达上限,请关闭其他页面或稍后重试。',
  ),
  'api.internal': entry(
    true,
    'The gateway could not answer. Its log has the cause.',
    '网关无法响应,原因见日志。',
  ),
  // Command line
  'command.gateway-unreachable': entry(
    true,
    'The gateway cannot be reached. Check that it runs and, when it runs elsewhere, name it with --url and --token-file.',
    '无法连接网关。请确认其正在运行;若在其他主机上,请用 --url 与 --token-file 指定。',
  ),
  'command.needs-gateway': entry(
    false,
    'This needs a running gateway. Start it with "onramp gateway" on the same data folder.',
    '此操作需要网关正在运行。请在同一数据目录上执行 "onramp gateway"。',
  ),
  'command.file-unreadable': entry(
    false,
    'A file named on the command line cannot be read.',
    '无法读取命令行中指定的文件。',
  ),
  // Simulator
  'simulate.target-unreachable': entry(
    true,
    'The target cannot be reached. Check the address and that the platform is running.',
    '无法连接目标平台,请检查地址与平台状态。',
  ),
  'simulate.all-refused': entry(
    false,
    'The target refuses every device. Import the same city there, with the same fleet key and seed.',
    '目标平台拒绝了所有设备。请以相同的密钥与种子在目标平台导入同一城市。',
  ),
} as const satisfies Record<string, ErrorEntry>;

/** A stable error code. */
export type ErrorCode = keyof typeof errorTable;

/** An error with a stable code, a sentence that says what to do, and an optional detail. */
export class OnrampError extends Error {
  readonly code: ErrorCode;
  /** What exactly was wrong; one entry for each mistake. */
  readonly details: readonly string[];

  constructor(code: ErrorCode, details: string | readonly string[] = [], cause?: unknown) {
    const list = typeof details === 'string' ? [details] : details;
    const suffix = list.length > 0 ? ` (${list.join('; ')})` : '';
    super(`${code}: ${errorTable[code].en}${suffix}`, cause === undefined ? undefined : { cause });
    this.name = 'OnrampError';
    this.code = code;
    this.details = list;
  }

  /** True when the same input may succeed later. */
  get retry(): boolean {
    return errorTable[this.code].retry;
  }
}

/** The code of `error`, or null when it is not one of ours. */
export function errorCodeOf(error: unknown): ErrorCode | null {
  return error instanceof OnrampError ? error.code : null;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
