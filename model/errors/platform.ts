/** What may go wrong behind the front door: journal, store, databases, registry, profiles. */

import { type ErrorEntry, entry } from './entry.ts';

export const platformErrors = {
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
  'store.misconfigured': entry(
    false,
    'The store runs with settings under which readings would be lost or stored twice. Change those named and start it again.',
    '存储当前的设置会导致读数丢失或重复。请修改所列设置并重启存储。',
  ),
  'store.limits-too-small': entry(
    true,
    'The limits of the store are too small for so many devices. Raise those named and start the store again; until then readings wait in the journal, and then go on by themselves.',
    '存储的上限不足以容纳这么多设备。请调高所列设置并重启存储;在此之前读数在日志中等待,之后自动继续。',
  ),
  'registry.id-invalid': entry(
    false,
    'Ids match [a-z0-9_-]+, at most 64 characters; "claim" and "provision" are reserved.',
    '标识只能包含 a-z、0-9、"_"、"-",最长 64 个字符;"claim" 与 "provision" 为保留字。',
  ),
  'registry.exists': entry(
    false,
    'This id is already registered. Choose another one; a device can be given a new secret instead.',
    '该标识已注册。请使用其他标识;设备可改为重置密钥。',
  ),
  'registry.not-found': entry(false, 'Nothing of this id is registered.', '没有登记此标识。'),
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
} as const satisfies Record<string, ErrorEntry>;
