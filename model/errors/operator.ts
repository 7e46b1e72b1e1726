/** What people meet: configuration, command line, HTTP. */

import { type ErrorEntry, entry } from './entry.ts';

export const operatorErrors = {
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
  'config.open-files-limit': entry(
    false,
    'A process of this machine may open too few files for the sessions that are expected. Raise the limit (ulimit -n, or LimitNOFILE of systemd), run more workers, or expect fewer sessions (broker.sessionsExpected).',
    '本机单个进程可打开的文件数不足以容纳预期的会话。请提高上限(ulimit -n 或 systemd 的 LimitNOFILE)、增加工作进程,或减少预期会话数(broker.sessionsExpected)。',
  ),
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
  'command.not-confirmed': entry(
    false,
    'This cannot be taken back and was not confirmed; nothing was done. Answer yes, or add --yes.',
    '此操作不可撤销且未经确认,未执行任何操作。请回答 yes,或添加 --yes。',
  ),
  'command.file-unwritable': entry(
    false,
    'A file named on the command line cannot be made; nothing was done. Name another one.',
    '无法创建命令行中指定的文件,未执行任何操作。请指定其他文件。',
  ),
  'command.file-unreadable': entry(
    false,
    'A file named on the command line cannot be read.',
    '无法读取命令行中指定的文件。',
  ),
  'report.invalid': entry(
    false,
    'This is not the report of a run of this version. Name the report.json that "onramp bench" wrote.',
    '这不是本版本的测试报告。请指定 "onramp bench" 生成的 report.json。',
  ),
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
  'simulate.process-ended': entry(
    true,
    'A process that plays a part of the fleet has ended, and its devices with it. If it was killed, look whether this machine has run out of memory; play fewer devices, or run again.',
    '承担部分设备的模拟进程已结束,其设备随之断开。若进程是被终止的,请检查本机内存是否不足;请减少设备数,或重新运行。',
  ),
  'bench.machine-too-small': entry(
    false,
    'This machine cannot carry the run; what it lacks is listed, with what to do about it.',
    '本机无法承载此次运行,所缺条件及办法已列出。',
  ),
} as const satisfies Record<string, ErrorEntry>;
