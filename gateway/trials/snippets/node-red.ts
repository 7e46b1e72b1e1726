/** A flow of Node-RED that publishes a reading every ten seconds. */

import { createHash } from 'node:crypto';
import { javascriptLiteral, type SnippetKind } from './snippet.ts';

const repeatS = '10';

export const nodeRed: SnippetKind = {
  id: 'node-red',
  title: {
    en: 'Node-RED (menu, Import; then type user name and password into the MQTT node\'s server, "Security")',
    zh: 'Node-RED(菜单“导入”;导入后在 MQTT 节点的服务端配置“安全”页填写用户名与密码)',
  },
  language: 'json',
  text({ clientId, mqtt, sample, topic, username }) {
    // Node-RED's own ids are 16 hexadecimal digits; they stay the same when the card is made again.
    const id = (name: string) =>
      createHash('sha256').update(`${clientId} ${name}`).digest('hex').slice(0, 16);
    const z = id('tab');
    const flow = [
      { id: z, type: 'tab', label: `Onramp ${clientId}`, disabled: false, info: '' },
      {
        ...{ id: id('comment'), type: 'comment', z, x: 290, y: 60, wires: [] },
        name: `Server → Security: user name ${username}, and the password on the card / 服务端 → 安全:用户名 ${username},密码见接入卡`,
        info: '',
      },
      {
        ...{ id: id('inject'), type: 'inject', z, x: 150, y: 120, wires: [[id('function')]] },
        name: '',
        props: [],
        repeat: repeatS,
        crontab: '',
        once: true,
        onceDelay: '1',
        topic: '',
      },
      {
        ...{ id: id('function'), type: 'function', z, x: 330, y: 120, wires: [[id('out')]] },
        name: 'reading',
        func: `msg.payload = ${javascriptLiteral(JSON.parse(sample))};\nreturn msg;`,
        outputs: 1,
        noerr: 0,
        initialize: '',
        finalize: '',
        libs: [],
      },
      {
        ...{ id: id('out'), type: 'mqtt out', z, x: 550, y: 120, wires: [] },
        name: '',
        topic,
        qos: '1',
        retain: 'false',
        broker: id('broker'),
      },
      {
        ...{ id: id('broker'), type: 'mqtt-broker', name: 'Onramp' },
        broker: mqtt.host,
        port: String(mqtt.port),
        clientid: clientId,
        autoConnect: true,
        usetls: false,
        protocolVersion: '4',
        keepalive: '60',
        cleansession: true,
      },
    ];
    return `[\n${flow.map((node) => JSON.stringify(node)).join(',\n')}\n]\n`;
  },
};
