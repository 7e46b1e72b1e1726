/** What a device or its gateway may have done wrong: connecting, publishing, payloads, readings, signals. */

import { type ErrorEntry, entry } from './entry.ts';

export const deviceErrors = {
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
  'topic.not-allowed': entry(
    false,
    'This credential may not use this topic. Publish to onramp/v1/{enterprise}/{device}/telemetry or /event of your own device.',
    '该凭据无权使用此主题。请发布到自己设备的 onramp/v1/{企业}/{设备}/telemetry 或 /event。',
  ),
  'topic.too-deep': entry(
    false,
    'The topic has more levels than this gateway accepts.',
    '主题层级超过网关上限。',
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
  'publish.refused-too-often': entry(
    true,
    'Too many readings of this device were refused in a short time. Look at its dead letters, mend the cause, then connect again.',
    '该设备短时间内被拒绝的读数过多。请查看死信、排除原因后重新连接。',
  ),
  'subscribe.too-many': entry(
    false,
    'The session has as many subscriptions as it may have.',
    '会话的订阅数已达上限。',
  ),
  'publish.dropped': entry(
    true,
    'A QoS 0 message was dropped under overload. Use QoS 1 for readings that must arrive.',
    '过载时丢弃了一条 QoS 0 消息。必须送达的读数请使用 QoS 1。',
  ),
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
  'payload.not-a-reply': entry(
    false,
    'A reply to a command must be a JSON object with the "id" of the command, 16 KiB at most.',
    '命令回复必须是带有该命令 "id" 的 JSON 对象,最大 16 KiB。',
  ),
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
  'reading.timestamp-needed': entry(
    false,
    'Readings without "ts" arrive faster than one a millisecond. Give them a "ts" each.',
    '无 "ts" 的读数到达过快(超过每毫秒一条),请为每条读数提供 "ts"。',
  ),
  'reading.not-carried': entry(
    false,
    'This device does not name the gateway that spoke for it. Register it with --gateway.',
    '该设备未登记由此网关代理。请在注册时用 --gateway 指定网关。',
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
} as const satisfies Record<string, ErrorEntry>;
