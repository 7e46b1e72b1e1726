/** One reading with MQTT.js, the usual MQTT client of Node.js. */

import { caFile } from './mosquitto-pub-tls.ts';
import { authority, javascriptLiteral, type SnippetKind, type SnippetValues } from './snippet.ts';

export const nodejs: SnippetKind = {
  id: 'nodejs',
  title: { en: 'Node.js (save as send.mjs)', zh: 'Node.js(保存为 send.mjs)' },
  language: 'javascript',
  text(values) {
    const { clientId, mqtt, password, sample, topic, username } = values;
    const url = `mqtt://${authority(mqtt.host, mqtt.port)}`;
    return `// npm install mqtt
import mqtt from 'mqtt';

${withTls(values)}const client = await mqtt.connectAsync(
  ${javascriptLiteral(url)},
  {
    protocolVersion: 4, // MQTT 3.1.1
    clientId: ${javascriptLiteral(clientId)},
    username: ${javascriptLiteral(username)},
    password: ${javascriptLiteral(password)},
  },
  false,
);
const reading = ${javascriptLiteral(JSON.parse(sample))};
await client.publishAsync(${javascriptLiteral(topic)}, JSON.stringify(reading), { qos: 1 });
console.log('acknowledged');
await client.endAsync();
`;
  },
};

function withTls({ mqtt: { host, tls, tlsPort } }: SnippetValues): string {
  if (tls === null || tlsPort === null) return '';
  const url = javascriptLiteral(`mqtts://${authority(host, tlsPort)}`);
  const ca = tls.ca === null ? '' : `, with ca: readFileSync('${caFile}')`;
  return `// TLS: ${url}${ca}\n`;
}
