/** What can go wrong on the way on board, and at the walls between enterprises. */

import { type ErrorEntry, entry } from './entry.ts';

export const onboardingErrors = {
  'device.offline': entry(
    true,
    'The device has no session at the moment, and commands are not kept for it. Send it again when the device is online.',
    '设备当前没有会话,命令不会为其保留。请在设备在线后重新发送。',
  ),
  'device.not-subscribed': entry(
    false,
    'The device is online and has not subscribed to its topic onramp/v1/{enterprise}/{device}/command, so that it gets no commands.',
    '设备在线,但未订阅主题 onramp/v1/{企业}/{设备}/command,因此收不到命令。',
  ),
  'device.command-too-large': entry(
    false,
    'The command is larger than a device is sent. Send less, or a reference to what it needs.',
    '命令超过可下发的大小。请缩小内容,或只发送引用。',
  ),
  'device.commands-exceeded': entry(
    true,
    'Too many commands of this device or enterprise are still on their way. Try again in a moment.',
    '该设备或企业尚有过多命令在途,请稍后重试。',
  ),
  'device.command-unknown': entry(
    false,
    'The device was sent no such command, or it is forgotten: commands are remembered for ten minutes, and not beyond a restart.',
    '设备没有此命令,或该命令已被遗忘:命令只保留十分钟,且重启后不保留。',
  ),
  'device.replies-exceeded': entry(
    true,
    'The device replies to commands more often than it may; this reply is not passed on.',
    '设备回复命令过于频繁,此条回复未转发。',
  ),
  'device.suspended': entry(
    false,
    'This device is suspended. Ask whoever runs the platform to resume it.',
    '该设备已被暂停。请联系平台运营方恢复。',
  ),
  'device.revoked': entry(
    false,
    'The identity of this device was withdrawn for good. It has to be registered anew.',
    '该设备的身份已被永久撤销,须重新注册。',
  ),
  'device.credential-expired': entry(
    false,
    'The credential was not used in time and is void. Claim again.',
    '凭据未在期限内使用,已作废。请重新申领。',
  ),
  'device.credential-changed': entry(
    false,
    'The credential of this device was changed. Connect again with the new one.',
    '该设备的凭据已更换。请使用新凭据重新连接。',
  ),
  'device.state-not-allowed': entry(
    false,
    'This is not possible in the state the device is in.',
    '设备当前状态不允许此操作。',
  ),
  'session.taken-over': entry(
    false,
    'Another connection with the same client id took the place of this one. Give every client its own id.',
    '使用相同客户端标识的另一连接取代了此连接。请为每个客户端使用各自的标识。',
  ),
  'connect.too-many-failures': entry(
    true,
    'Too many log-ins with this name, or from this address, failed. Wait, and correct the credential before trying again.',
    '该用户名或此地址登录失败次数过多。请稍候,并在重试前更正凭据。',
  ),
  'connect.username-mismatch': entry(
    false,
    'With a client certificate the user name must be left out, or be {enterprise}/{device} of the certificate.',
    '使用客户端证书时,用户名须留空,或为证书对应的 {企业}/{设备}。',
  ),
  'certificate.untrusted': entry(
    false,
    'The client certificate is not signed by an authority of this enterprise.',
    '客户端证书不是由该企业的证书机构签发。',
  ),
  'certificate.out-of-date': entry(
    false,
    'The client certificate is expired or not yet valid. Check the clock, or have a new one signed.',
    '客户端证书已过期或尚未生效。请检查时钟或重新签发证书。',
  ),
  'certificate.replaced': entry(
    false,
    'A newer certificate of this device is in use. This one is void.',
    '该设备已使用更新的证书,此证书已作废。',
  ),
  'certificate.invalid': entry(
    false,
    'This is not a certificate that can be used here; the reason is given.',
    '该证书不可用,原因见说明。',
  ),
  'claim.invalid': entry(
    false,
    'The claim credential is wrong, or there is no such claim.',
    '申领凭据错误,或该申领凭据不存在。',
  ),
  'claim.expired': entry(
    false,
    'The claim has expired. Ask for a new one.',
    '申领凭据已过期,请索取新的。',
  ),
  'claim.revoked': entry(
    false,
    'The claim was withdrawn. Ask for a new one.',
    '申领凭据已撤销,请索取新的。',
  ),
  'claim.spent': entry(
    false,
    'The claim has provisioned as many devices as it may. Ask for a new one.',
    '申领凭据的设备数已用完,请索取新的。',
  ),
  'claim.request-invalid': entry(
    false,
    'A claim must be {"serial": "SN-…", "profile": "…"} with the serial of the client id.',
    '申领内容必须是 {"serial": "…", "profile": "…"},序列号须与客户端标识一致。',
  ),
  'claim.not-subscribed': entry(
    false,
    'The machine asked for a credential without listening for it. Subscribe to onramp/v1/{enterprise}/provision/{serial}/response first.',
    '设备在申领凭据前未订阅应答。请先订阅 onramp/v1/{企业}/provision/{序列号}/response。',
  ),
  'claim.topic-not-allowed': entry(
    false,
    'A claim session may only publish to onramp/v1/{enterprise}/provision/{serial}/request and subscribe to its /response, with the serial of its client id. Send telemetry with the credential it is given.',
    '申领会话只能发布到 onramp/v1/{企业}/provision/{序列号}/request 并订阅对应的 /response,序列号须与客户端标识一致。请使用获得的凭据发送遥测。',
  ),
  'claim.retained': entry(
    false,
    'A request for a credential must not be retained. Clear the retain flag.',
    '申领请求不得保留,请清除 retain 标志。',
  ),
  'claim.too-many-requests': entry(
    true,
    'The claim session asked too often and was closed. Correct what its answers named, then connect again.',
    '申领会话的请求次数过多,已被关闭。请按应答修正后重新连接。',
  ),
  'claim.rate-exceeded': entry(
    true,
    'More machines ask with this claim than can be answered at once. Ask again in a while.',
    '使用此申领凭据的设备同时请求过多。请稍后重试。',
  ),
  'claim.sessions-exceeded': entry(
    true,
    'As many machines of this enterprise claim as may at the same time. Connect again in a while.',
    '该企业同时申领的设备已达上限,请稍后重新连接。',
  ),
  'claim.session-idle': entry(
    true,
    'The claim session asked for nothing and was closed. Connect again when the machine is ready to ask.',
    '申领会话长时间没有请求,已被关闭。请在设备准备好后重新连接。',
  ),
  'claim.serial-not-allowed': entry(
    false,
    'This serial is not on the list of the claim. Have it added.',
    '此序列号不在申领名单中,请先添加。',
  ),
  'claim.serial-taken': entry(
    false,
    'A device with this serial is in use, or registered with a credential of its own. Connect with that one, or have a new secret made for it. Before it first connects, a claim that lists its serial may replace its credential.',
    '该序列号的设备已在使用,或登记时已有自己的凭据。请使用该凭据连接,或为其重置密码。首次连接之前,名单中列有该序列号的申领凭据可更换其凭据。',
  ),
  'registry.serial-taken': entry(
    false,
    'Another device of the enterprise has this serial. Correct it, or take it from the other device first.',
    '该企业的另一台设备已使用此序列号。请更正,或先从那台设备上移除。',
  ),
  'registry.token-invalid': entry(
    false,
    'Such a token cannot be issued; the reason is given.',
    '无法签发此令牌,原因见说明。',
  ),
  'trial.invalid': entry(
    false,
    'The trial cannot begin; every mistake is listed.',
    '试用无法开始,错误已逐条列出。',
  ),
  'group.invalid': entry(
    false,
    'There is no such group key, or it was revoked.',
    '该组密钥不存在或已撤销。',
  ),
  'group.key-unreadable': entry(
    false,
    'A stored group key cannot be decrypted: it was stored under another sealing key, or is damaged. Put the old sealing key back.',
    '无法解密已存储的组密钥:封装密钥已更换,或数据已损坏。请恢复原封装密钥。',
  ),
  'group.spent': entry(
    false,
    'The group key or authority has brought as many devices on board as it may. Register this device, or set up another one.',
    '该组密钥或证书机构可登记的设备数已用完。请单独登记此设备,或另行设置。',
  ),
  'registry.too-many': entry(
    false,
    'There are as many of these as there may be. Revoke those that are not needed.',
    '此类条目已达上限。请撤销不再需要的条目。',
  ),
  'enterprise.sessions-exceeded': entry(
    true,
    'The enterprise has as many sessions as it may have. Close some, or have the limit raised.',
    '该企业的会话数已达上限。请关闭部分会话或申请提高上限。',
  ),
  'enterprise.rate-exceeded': entry(
    true,
    'The enterprise sends more messages per second than it may. Send less often, or several readings in one message.',
    '该企业每秒消息数超过上限。请降低频率,或在一条消息中发送多条读数。',
  ),
  'enterprise.journal-share-exceeded': entry(
    true,
    'The store is away and the enterprise has used its share of the journal. Send again when the store is back.',
    '存储不可用,且该企业已用完日志配额。请在存储恢复后重新发送。',
  ),
  'simulate.claims-refused': entry(
    false,
    'The target gave no device a credential. Register the claims of the same city there (--register with --api), with the same fleet key and seed; devices that came on board before come back with --credentials instead of --onboard.',
    '目标平台未向任何设备签发凭据。请以相同的密钥与种子在目标平台登记同一城市的申领凭据(--register 与 --api);已上线过的设备请用 --credentials 返回,而非 --onboard。',
  ),
  'simulate.claims-not-registered': entry(
    false,
    'The platform did not register the claims of the city. Check --api and --api-token-file; it takes the token of an operator.',
    '平台未登记该城市的申领凭据。请检查 --api 与 --api-token-file,须使用运营令牌。',
  ),
  'api.forbidden': entry(
    false,
    "This token may not do that. Use one whose role may; the operator's always may.",
    '此令牌无权执行该操作。请使用角色有权限的令牌;运营令牌始终可用。',
  ),
  'api.too-many-failures': entry(
    true,
    'Too many requests from this address, or with this token, had a wrong one. Wait before trying again.',
    '此地址或此令牌的错误请求过多,请稍候再试。',
  ),
  'api.version-mismatch': entry(
    false,
    'Somebody changed this in the meantime. Read it again, then change it.',
    '内容已被他人修改。请重新读取后再修改。',
  ),
} as const satisfies Record<string, ErrorEntry>;
